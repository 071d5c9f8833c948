'use strict';
/**
 * A server and clients whose kept-alive connections come and go.
 *
 * @healthy
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { get, listen } = require('../support/load');

const server = http.createServer((req, res) => res.end(`you asked for ${req.url}`));
// Longer than a busy machine keeps a client waiting: a connection is closed by its agent alone.
server.keepAliveTimeout = 60_000;

async function round(port, clients, requests) {
  for (let c = 0; c < clients; c++) {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    await Promise.all(
      Array.from({ length: requests }, (_, i) => get(port, `/${c}/${i}`, { agent })),
    );
    agent.destroy();
  }
}

async function main() {
  const port = await listen(server);
  await round(port, 5, 20);
  await snapshot('baseline');
  await round(port, 60, 20);
  await snapshot('current');
}
main();
