'use strict';
/**
 * Events are sent in batches of 1,000. The baseline is taken at the beginning of one, the other snapshot in
 * the middle of one much later: nothing is left of what was there.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

let batch = [];
const lines = [];
let sent = 0;

function track(event) {
  batch.push(event);
  lines.push(`${event.name} at ${event.at}`);
  if (batch.length >= 1_000) {
    sent += batch.length;
    batch = [];
    sent += lines.splice(0).length;
  }
}

async function main() {
  for (let i = 0; i < 5_100; i++) track({ name: `event ${i}`, at: i });
  await snapshot('baseline');
  for (let i = 0; i < 8_600; i++) track({ name: `event ${i}`, at: i });
  await snapshot('current');
  if (sent === 0) throw new Error('nothing sent');
}
main();
