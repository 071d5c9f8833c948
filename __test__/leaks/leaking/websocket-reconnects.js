'use strict';
/**
 * A client that connects anew and never closes the connection before (package `ws`). The server is in a
 * thread of its own, whose heap is another one.
 *
 * @leak name=WebSocket|Socket class=WebSocket|Socket kind=instances file=*
 */
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { WebSocket } = require('ws');
const { snapshot } = require('../harness');

const server = new Worker(
  `const { WebSocketServer } = require('ws');
   const { parentPort } = require('node:worker_threads');
   const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
   server.on('listening', () => parentPort.postMessage(server.address().port));`,
  { eval: true },
);

class Feed {
  socket = null;
  messages = 0;

  async connect(port) {
    this.socket = new WebSocket(`ws://127.0.0.1:${port}`);
    this.socket.on('message', () => (this.messages += 1));
    await once(this.socket, 'open');
  }
}

async function main() {
  const [port] = await once(server, 'message');
  const feed = new Feed();
  for (let i = 0; i < 10; i++) await feed.connect(port);
  await snapshot('baseline');
  for (let i = 0; i < 200; i++) await feed.connect(port);
  await snapshot('current');
}
main();
