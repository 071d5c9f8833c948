'use strict';
/**
 * A module whose only export is the Map that it fills. In the heap it is reached as `exports`, for which
 * nobody would search.
 *
 * @leak name=levels class=Map kind=map file=levels.js
 */
const { snapshot } = require('../../harness');
const levels = require('./levels');

async function main() {
  for (let i = 0; i < 50; i++) levels.of(`request ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) levels.of(`request ${i}`);
  await snapshot('current');
}
main();
