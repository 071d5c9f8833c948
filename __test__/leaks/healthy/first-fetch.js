'use strict';
/**
 * The first `fetch` of the process, and a few more: Node loads its HTTP client lazily.
 *
 * @healthy
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const server = http.createServer((req, res) => res.end(JSON.stringify({ url: req.url })));

async function main() {
  const port = await listen(server);
  await snapshot('baseline');
  for (let i = 0; i < 40; i++) {
    const response = await fetch(`http://127.0.0.1:${port}/items/${i}`);
    await response.json();
  }
  await snapshot('current');
}
main();
