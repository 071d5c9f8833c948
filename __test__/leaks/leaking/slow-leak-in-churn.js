'use strict';
/**
 * 300 small objects leak while 200,000 come and go in a heap of about 100 MB.
 *
 * @leak name=staleTokens class=Set kind=set items=0:300
 */
const { snapshot } = require('../harness');

const staleTokens = new Set();
const catalogue = Array.from({ length: 400_000 }, (_, i) => ({
  sku: `sku-${i}`,
  price: i / 100,
  stock: { warehouse: i % 7, shelf: `shelf ${i % 997}` },
}));
const window = new Map();

function quote(i) {
  window.set(i, { sku: catalogue[i % catalogue.length].sku, lines: [i, i + 1] });
  if (window.size > 20_000) window.delete(i - 20_000);
}

function refreshToken(i) {
  staleTokens.add({ user: i, token: `token-${i}` });
}

async function main() {
  for (let i = 0; i < 30_000; i++) quote(i);
  await snapshot('baseline');
  for (let i = 30_000; i < 230_000; i++) {
    quote(i);
    if (i % 667 === 0 && staleTokens.size < 300) refreshToken(i);
  }
  while (staleTokens.size < 300) refreshToken(staleTokens.size);
  await snapshot('current');
  console.log(catalogue.length);
}
main();
