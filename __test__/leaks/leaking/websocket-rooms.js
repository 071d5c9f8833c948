'use strict';
/**
 * WebSocket clients are put in rooms and not taken out when they leave (package `ws`).
 *
 * @leak name=members class=Set kind=set
 */
const { once } = require('node:events');
const { WebSocket, WebSocketServer } = require('ws');
const { snapshot } = require('../harness');

class Lobby {
  members = new Set();
}

const lobby = new Lobby();
const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
server.on('connection', (socket) => {
  lobby.members.add(socket);
  socket.send('welcome');
});

async function visit() {
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
}

async function main() {
  await once(server, 'listening');
  for (let i = 0; i < 5; i++) await visit();
  await snapshot('baseline');
  for (let i = 0; i < 150; i++) await visit();
  await snapshot('current');
}
main();
