'use strict';
/**
 * Objects are registered for finalisation, with a token to unregister them, and come and go. When a
 * snapshot is taken, thousands have been collected whose callbacks have not run.
 *
 * @healthy
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

let gone = 0;
const registry = new FinalizationRegistry(() => gone++);
const live = new Map();

function touch(i) {
  const handle = { i, pad: [i, i] };
  registry.register(handle, i, handle);
  live.set(i % 100, handle);
}

async function main() {
  for (let i = 0; i < 2_000; i++) touch(i);
  await sleep(20);
  await snapshot('baseline');
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 1_000; i++) touch(i);
    await sleep(5);
  }
  await snapshot('current');
}
main();
