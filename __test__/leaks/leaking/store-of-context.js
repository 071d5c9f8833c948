'use strict';
/**
 * Spans pile up in the store of a job that never ends; Node keeps it for whatever waits there.
 *
 * @leak name=spans class=Array kind=array
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const { EventEmitter } = require('node:events');
const { snapshot } = require('../harness');

const context = new AsyncLocalStorage();
const queue = new EventEmitter();

function trace(name) {
  context.getStore().spans.push({ name, at: performance.now(), tags: new Array(30).fill(name) });
}

context.run({ spans: [] }, async () => {
  for (;;) trace(await new Promise((resolve) => queue.once('job', resolve)));
});

async function work(count) {
  for (let i = 0; i < count; i++) {
    queue.emit('job', `job ${i}`);
    await null;
    await null;
  }
}

async function main() {
  await work(40);
  await snapshot('baseline');
  await work(700);
  await snapshot('current');
}
main();
