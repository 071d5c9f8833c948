'use strict';
/**
 * The metrics that are waiting are taken out of the array all at once, until the connection is lost.
 *
 * @leak name=waiting class=Array kind=array
 */
const { snapshot } = require('../harness');

const waiting = [];
let isConnected = true;
let sent = 0;

function gauge(name, value) {
  waiting.push({ name, value });
  if (waiting.length >= 200 && isConnected) sent += waiting.splice(0).length;
}

async function main() {
  for (let i = 0; i < 2_060; i++) gauge('requests', i);
  await snapshot('baseline');
  for (let i = 0; i < 200; i++) gauge('requests', i);
  isConnected = false;
  for (let i = 0; i < 5_000; i++) gauge('requests', i);
  await snapshot('current');
  if (sent === 0) throw new Error('nothing sent');
}
main();
