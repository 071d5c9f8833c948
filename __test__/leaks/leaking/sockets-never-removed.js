'use strict';
/**
 * A chat server that adds each connection to a set and forgets to take it out on close.
 *
 * @leak name=clients class=Set kind=set
 */
const net = require('node:net');
const { once } = require('node:events');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const clients = new Set();

const server = net.createServer((socket) => {
  clients.add(socket);
  socket.on('error', () => {});
  socket.end(`welcome, you are number ${clients.size}\n`);
});

async function visit(port) {
  const socket = net.connect(port, '127.0.0.1');
  socket.resume();
  await once(socket, 'close');
}

async function main() {
  const port = await listen(server);
  for (let i = 0; i < 10; i++) await visit(port);
  await snapshot('baseline');
  for (let i = 0; i < 400; i++) await visit(port);
  await snapshot('current');
}
main();
