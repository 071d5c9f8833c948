'use strict';
/**
 * Clients of a server-sent event stream are not taken out of the set when they go away.
 *
 * @leak name=clients class=Set kind=set
 */
const http = require('node:http');
const { once } = require('node:events');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const clients = new Set();

const server = http.createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: welcome\n\n');
  clients.add(response);
});

async function visit(port) {
  const request = http.get({ host: '127.0.0.1', port, agent: false });
  const [response] = await once(request, 'response');
  await once(response, 'data');
  const closed = once(request, 'close');
  request.on('error', () => {});
  response.on('error', () => {});
  request.destroy();
  await closed;
}

async function main() {
  const port = await listen(server);
  for (let i = 0; i < 5; i++) await visit(port);
  await snapshot('baseline');
  for (let i = 0; i < 150; i++) await visit(port);
  await snapshot('current');
}
main();
