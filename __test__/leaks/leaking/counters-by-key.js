'use strict';
/**
 * Counters by key: the values are small integers, which are not on the heap.
 *
 * @leak name=counts class=Object kind=object items=20:3020
 */
const { snapshot } = require('../harness');

const counts = Object.create(null);
function count(key) {
  counts[key] = (counts[key] ?? 0) + 1;
}
async function main() {
  for (let i = 0; i < 20; i++) count(`w${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3000; i++) count(`session-${i}`);
  await snapshot('current');
}
main();
