'use strict';
/**
 * Every request has half a minute, by `AbortSignal.timeout`, and is answered at once. Node takes no such
 * timer back: those of the last half minute are pending.
 *
 * @healthy
 */
const http = require('node:http');
const { once } = require('node:events');
const { snapshot } = require('../harness');

const server = http.createServer((request, response) => response.end('ok'));

async function call() {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const signal = AbortSignal.timeout(30_000);
  const response = await fetch(`http://127.0.0.1:${port}`, { signal });
  await response.text();
}

async function main() {
  await once(server.listen(0), 'listening');
  for (let i = 0; i < 200; i++) await call();
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) await call();
  await snapshot('current');
  process.exit();
}
main();
