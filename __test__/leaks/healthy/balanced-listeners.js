'use strict';
/**
 * Listeners are added and taken off, once and by hand, on emitters and signals.
 *
 * @healthy
 */
const { EventEmitter, once } = require('node:events');
const { snapshot } = require('../harness');

const bus = new EventEmitter();
const shutdown = new AbortController();

async function handle(i) {
  const onTick = () => i;
  bus.on('tick', onTick);
  const answer = once(bus, 'answer');
  bus.emit('answer', i);
  await answer;
  bus.off('tick', onTick);
  const onAbort = () => i;
  shutdown.signal.addEventListener('abort', onAbort);
  shutdown.signal.removeEventListener('abort', onAbort);
}

async function main() {
  for (let i = 0; i < 50; i++) await handle(i);
  await snapshot('baseline');
  for (let i = 0; i < 10_000; i++) await handle(i);
  await snapshot('current');
}
main();
