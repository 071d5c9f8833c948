'use strict';
/**
 * A cache of weak references, from which a registry takes out those that are dead. Its callbacks have not
 * run yet for what was collected last.
 *
 * @healthy
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const images = new Map();
const cleanup = new FinalizationRegistry((key) => {
  if (!images.get(key)?.deref()) images.delete(key);
});

function image(key) {
  const fresh = { key, pixels: new Array(200).fill(key) };
  images.set(key, new WeakRef(fresh));
  cleanup.register(fresh, key);
}

async function load(from, to) {
  for (let i = from; i < to; i++) {
    image(`image ${i}`);
    if (i % 100 === 0) await sleep(1);
  }
}

async function main() {
  await load(0, 3_000);
  await snapshot('baseline');
  await load(3_000, 15_000);
  await snapshot('current');
}
main();
