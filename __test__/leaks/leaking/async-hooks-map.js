'use strict';
/**
 * An async hook that remembers every resource and never hears of its end.
 *
 * @leak name=resources class=Map kind=map
 */
const { createHook } = require('node:async_hooks');
const { snapshot } = require('../harness');

const resources = new Map();

createHook({
  init(asyncId, type, triggerAsyncId) {
    resources.set(asyncId, { type, triggerAsyncId, at: Date.now() });
  },
}).enable();

async function step(i) {
  await null;
  return i;
}

async function main() {
  for (let i = 0; i < 20; i++) await step(i);
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) await step(i);
  await snapshot('current');
}
main();
