'use strict';
/**
 * Every request subscribes to a bus and never unsubscribes.
 *
 * @leak name=_events.tick class=EventEmitter kind=listeners
 */
const { EventEmitter } = require('node:events');
const { snapshot } = require('../harness');

const bus = new EventEmitter();
bus.setMaxListeners(0);

function handle(request) {
  const seen = new Set([request.id]);
  bus.on('tick', () => seen.add(Date.now()));
}

async function main() {
  for (let i = 0; i < 20; i++) handle({ id: i });
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) handle({ id: i });
  await snapshot('current');
}
main();
