'use strict';
/**
 * Connections to a backend are opened and never closed. No variable holds them: libuv's open handles
 * do, so there is only the class to name, and no code that owns them.
 *
 * @leak name=Socket|TCP|socket|net.Socket|Server|_connections class=Socket|Server|TCP kind=instances|other file=*
 */
const net = require('node:net');
const { once } = require('node:events');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const backend = net.createServer((socket) => socket.on('error', () => {}));

async function ask(port, question) {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(question);
}

async function main() {
  const port = await listen(backend);
  for (let i = 0; i < 10; i++) await ask(port, `warm ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) await ask(port, `question ${i}`);
  await snapshot('current');
}
main();
