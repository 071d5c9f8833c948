'use strict';
/**
 * Server-sent events for a client that has stopped reading: what Node cannot send piles up.
 *
 * @leak name=clients|outputData|buffered|res|response|socket|_writableState|kCorked class=* kind=*
 */
const http = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const clients = new Map();

const server = http.createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  clients.set(clients.size, response);
});

function publish(count) {
  for (let i = 0; i < count; i++) {
    for (const client of clients.values()) client.write(`data: ${'x'.repeat(20_000)}${i}\n\n`);
  }
}

server.listen(0, '127.0.0.1', async () => {
  http.get({ port: server.address().port }, (response) => response.pause());
  while (clients.size === 0) await sleep(10);
  publish(300);
  await snapshot('baseline');
  publish(700);
  await snapshot('current');
});
