'use strict';
/**
 * A hundred requests by `fetch` at a time, after two at a time: the pool of connections has grown,
 * and cleared timers are still in their list.
 *
 * @healthy
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const server = http.createServer((req, res) => res.end('hello'));

async function load(url, clients, requests) {
  let left = requests;
  const client = async () => {
    while (left-- > 0) await (await fetch(url)).text();
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function main() {
  const url = `http://127.0.0.1:${await listen(server)}/`;
  await load(url, 2, 100);
  await snapshot('baseline');
  await load(url, 100, 4_000);
  await snapshot('current');
}
main();
