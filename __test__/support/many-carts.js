'use strict';

// A shop of 25,000 carts that grow a little each, and a small Map, less than any cart, that grows a
// lot, for the digests' test: `node many-carts.js BASELINE CURRENT`. Of each the baseline has to know
// what it was.

const { writeSnapshot } = require('../..');

const carts = new Map();
for (let i = 0; i < 25_000; i++) carts.set(i, [{ sku: i, note: `for ${i}` }]);
const flags = new Map([['beta', { on: true }]]);

async function main() {
  await writeSnapshot(process.argv[2]);
  for (let i = 0; i < 100_000; i++) carts.get(i % 25_000).push({ sku: i });
  for (let i = 0; i < 5_000; i++) flags.set(`user-${i}`, { on: i % 2 === 0 });
  await writeSnapshot(process.argv[3]);
}

main();
