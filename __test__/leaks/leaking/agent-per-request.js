'use strict';
/**
 * An agent for each request, with connections that it keeps alive, and nobody destroys it.
 *
 * @leak name=Agent|agent|Socket|TCP|freeSockets|sockets class=Agent|Socket|TCP|Array|Object kind=instances|array|object|other file=*
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const server = http.createServer((req, res) => res.end('hello'));
server.keepAliveTimeout = 600_000;

function ask(port) {
  const agent = new http.Agent({ keepAlive: true });
  return new Promise((resolve, reject) => {
    const request = http.get({ port, agent }, (response) => {
      response.resume();
      response.once('end', resolve);
    });
    request.once('error', reject);
  });
}

async function main() {
  const port = await listen(server);
  for (let i = 0; i < 10; i++) await ask(port);
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) await ask(port);
  await snapshot('current');
}
main();
