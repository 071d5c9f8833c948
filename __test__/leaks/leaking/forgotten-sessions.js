'use strict';
/**
 * Sessions with a backend that are never ended. Nothing has them but their sockets, by the functions that
 * listen to those, and the sockets are held by Node; the class is the program's.
 *
 * @leak name=Session class=Session kind=instances
 * @only
 */
const { once } = require('node:events');
const net = require('node:net');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const backend = net.createServer((socket) => socket.on('error', () => {}).pipe(socket));

class Session {
  constructor(port) {
    // @here
    this.answers = [];
    this.socket = net.connect(port, '127.0.0.1');
    this.socket.on('data', (data) => this.answers.push(data.toString()));
  }

  async ask(question) {
    this.socket.write(question);
    await once(this.socket, 'data');
    return this.answers[0];
  }
}

async function main() {
  const port = await listen(backend);
  for (let i = 0; i < 10; i++) await new Session(port).ask(`warm ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) await new Session(port).ask(`question ${i}`);
  await snapshot('current');
}
main();
