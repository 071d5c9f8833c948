'use strict';
/**
 * A Map of numbers by text: most of what it gains is its own table.
 *
 * @leak name=visits class=Map kind=map items=50:1550
 */
const { snapshot } = require('../harness');

const visits = new Map();

function visit(id) {
  visits.set(id, (visits.get(id) ?? 0) + 1);
}

async function main() {
  for (let i = 0; i < 50; i++) visit(`visitor-${i}`);
  await snapshot('baseline');
  for (let i = 50; i < 1550; i++) visit(`visitor-${i}`);
  await snapshot('current');
  visit('last');
}
main();
