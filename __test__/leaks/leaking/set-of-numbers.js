'use strict';
/**
 * A set of small integers: its table holds no reference.
 *
 * @leak name=visited class=Set kind=set
 */
const { snapshot } = require('../harness');

const visited = new Set();

function visit(page) {
  visited.add(page);
}

async function main() {
  for (let i = 0; i < 100; i++) visit(i);
  await snapshot('baseline');
  for (let i = 100; i < 40_000; i++) visit(i);
  await snapshot('current');
}
main();
