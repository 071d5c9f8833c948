'use strict';
/**
 * Listeners, a few hundred more at each snapshot.
 *
 * @trend baseline second current
 * @leak name=_events.change class=EventEmitter kind=listeners
 */
const { EventEmitter } = require('node:events');
const { snapshot } = require('../harness');

const config = new EventEmitter();
config.setMaxListeners(0);

function open(view) {
  const state = { view, version: 0 };
  config.on('change', () => state.version++);
}

async function main() {
  for (const label of ['baseline', 'second', 'current']) {
    for (let i = 0; i < 500; i++) open(`${label} ${i}`);
    await snapshot(label);
  }
}
main();
