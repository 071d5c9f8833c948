'use strict';
/**
 * Requests with an AsyncLocalStorage context that ends with them.
 *
 * @healthy
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const context = new AsyncLocalStorage();

function handle(i) {
  return context.run({ requestId: i, log: [] }, async () => {
    await null;
    context.getStore().log.push({ at: Date.now(), text: `handled ${i}` });
    if (i % 100 === 0) await sleep(1);
    return context.getStore().log.length;
  });
}

async function main() {
  for (let i = 0; i < 200; i++) await handle(i);
  await snapshot('baseline');
  for (let i = 0; i < 8_000; i++) await handle(i);
  await snapshot('current');
}
main();
