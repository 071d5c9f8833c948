'use strict';
/**
 * A consumer of `events.on()` that is slower than the events: they wait in a queue of Node's, as the
 * plain objects that they are, and no name of the program leads there but that of the emitter.
 *
 * @leak name=bus|unconsumedEvents|readings class=* kind=*
 */
const { EventEmitter, on } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const bus = new EventEmitter();

async function consume() {
  const readings = on(bus, 'reading');
  for await (const [reading] of readings) {
    await sleep(20);
    if (reading.value === -1) break;
  }
}

async function main() {
  void consume();
  for (let i = 0; i < 5; i++) {
    bus.emit('reading', { value: i });
    await sleep(25);
  }
  await snapshot('baseline');
  for (let i = 0; i < 30_000; i++) bus.emit('reading', { value: i, label: `reading ${i}` });
  await snapshot('current');
}
main().then(() => process.exit());
