'use strict';
/**
 * A loader compiles TypeScript on the way to V8, and the function that listens has no name: it is where the file
 * says what it listens to.
 *
 * @leak name=_events.price class=EventEmitter kind=listeners file=chart.ts
 * @only
 */
const path = require('node:path');
const { snapshot } = require('../../harness');
require('../../support/typescript-in-memory');

const { Chart } = require(path.join(__dirname, 'chart.ts'));

async function main() {
  for (let i = 0; i < 20; i++) new Chart(`chart ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 1_000; i++) new Chart(`chart ${i} of more`);
  await snapshot('current');
}

main();
