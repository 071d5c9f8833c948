'use strict';
/**
 * A server keeps what it could not parse yet on the socket, and never gets to the end of a message.
 * The sockets are Node's, the property is the program's.
 *
 * @leak name=leftover class=Buffer kind=buffers
 * @only
 */
const net = require('node:net');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

let received = 0;

const server = net.createServer((socket) => {
  socket.leftover = Buffer.alloc(0); // @here
  socket.on('data', (chunk) => {
    received += chunk.length;
    socket.leftover = Buffer.concat([socket.leftover, chunk]); // @here
  });
});

async function send(clients, bytes) {
  const enough = received + clients.length * bytes;
  for (const client of clients) client.write('x'.repeat(bytes));
  while (received < enough) await sleep(5);
}

async function main() {
  const port = await listen(server);
  const clients = Array.from({ length: 8 }, () => net.connect(port, '127.0.0.1'));
  await send(clients, 4_000);
  await snapshot('baseline');
  await send(clients, 600_000);
  await snapshot('current');
}
main();
