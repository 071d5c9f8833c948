'use strict';
/**
 * A module-level array, compared with the process before the restart.
 *
 * @restart
 * @leak name=deliveries class=Array kind=array
 */
const { snapshot } = require('../harness');

const deliveries = []; // @here

function deliver(webhook) {
  // @here
  deliveries.push({ webhook, status: 200, headers: { date: new Date().toUTCString() } });
}

async function main() {
  // @here
  for (let i = 0; i < 100; i++) deliver(`hook-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) deliver(`hook-${i}`);
  await snapshot('current');
}
main();
