'use strict';
/**
 * A module that is loaded after the first snapshot leaks from then on. Two snapshots could not tell that
 * from what a module sets up.
 *
 * @trend baseline second current
 * @leak name=rows class=Array kind=array file=reports.js
 */
const { snapshot } = require('../../harness');

async function main() {
  await snapshot('baseline');
  const { add } = require('./reports');
  for (let i = 0; i < 2_000; i++) add(`report ${i}`);
  await snapshot('second');
  for (let i = 0; i < 2_000; i++) add(`summary ${i}`);
  await snapshot('current');
}
main();
