'use strict';
/**
 * Numbers with a fraction: V8 packs them into one block without a single reference to anything.
 *
 * @leak name=latencies class=Array kind=array
 */
const { snapshot } = require('../harness');

const latencies = [];

function observe(milliseconds) {
  latencies.push(milliseconds);
}

async function main() {
  for (let i = 0; i < 100; i++) observe(i / 7);
  await snapshot('baseline');
  for (let i = 0; i < 60_000; i++) observe(i / 7 + 0.001);
  await snapshot('current');
}
main();
