'use strict';
/**
 * A large heap that does not change, under a stream of requests for parts of it.
 *
 * @healthy
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const catalogue = new Map();
for (let i = 0; i < 60_000; i++) {
  catalogue.set(`sku-${i}`, {
    sku: `sku-${i}`,
    price: i / 100,
    tags: [`t${i % 10}`, `u${i % 100}`],
  });
}

const server = http.createServer((req, res) => {
  const sku = req.url.slice(1);
  res.end(JSON.stringify({ ...catalogue.get(sku), at: Date.now() }));
});

async function main() {
  const port = await listen(server);
  await load(port, (i) => `/sku-${i}`, 50);
  await snapshot('baseline');
  await load(port, (i) => `/sku-${i * 31}`, 1_200);
  await snapshot('current');
}
main();
