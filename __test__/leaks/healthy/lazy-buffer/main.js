'use strict';
/**
 * A module that is loaded with the first request makes the one buffer that it works in, which is larger
 * than all the rest of the heap.
 *
 * @healthy
 */
const { snapshot } = require('../../harness');

function handle(i) {
  return require('./codec').encode(`request ${i}`);
}

async function main() {
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) handle(i);
  await snapshot('current');
}
main();
