'use strict';
/**
 * A process that does nothing but tick.
 *
 * @healthy
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

let beats = 0;
const heartbeat = setInterval(() => beats++, 10);

async function main() {
  await snapshot('baseline');
  await sleep(800);
  await snapshot('current');
  clearInterval(heartbeat);
}
main();
