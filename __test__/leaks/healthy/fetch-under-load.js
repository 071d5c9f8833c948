'use strict';
/**
 * Hundreds of requests with `fetch`, after as many. Node keeps the timings of 250 of them and no
 * more: that buffer is full at the baseline.
 *
 * @healthy
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const server = http.createServer((req, res) => res.end(JSON.stringify({ url: req.url })));

async function ask(port, times) {
  for (let i = 0; i < times; i++) {
    const response = await fetch(`http://127.0.0.1:${port}/items/${i}`);
    await response.json();
  }
}

async function main() {
  const port = await listen(server);
  await ask(port, 400);
  await snapshot('baseline');
  await ask(port, 800);
  await snapshot('current');
}
main();
