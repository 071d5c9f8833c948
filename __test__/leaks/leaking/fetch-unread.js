'use strict';
/**
 * Answers of `fetch` that nobody reads to the end: each keeps its connection for itself. Most of the
 * memory is that of the connections, which the pool of `fetch` holds.
 *
 * @leak name=responses|Symbol(clients) class=Array kind=array file=fetch-unread.js|undici
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const server = http.createServer((req, res) => res.end('x'.repeat(200_000)));
const responses = [];

async function main() {
  const url = `http://127.0.0.1:${await listen(server)}/`;
  for (let i = 0; i < 5; i++) responses.push(await fetch(url));
  await snapshot('baseline');
  for (let i = 0; i < 200; i++) responses.push(await fetch(url));
  await snapshot('current');
  responses.length = 0;
}
main();
