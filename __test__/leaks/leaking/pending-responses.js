'use strict';
/**
 * Long polling: responses wait in a set for an event that never comes, also when the client left.
 *
 * @leak name=waiting class=Set kind=set
 */
const http = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

class Broadcast {
  waiting = new Set();

  wait(response) {
    this.waiting.add(response);
  }
  publish(text) {
    for (const response of this.waiting) response.end(text);
    this.waiting.clear();
  }
}

const broadcast = new Broadcast();
const server = http.createServer((req, res) => broadcast.wait(res));

async function poll(port) {
  const request = http.get({ host: '127.0.0.1', port, agent: false });
  request.on('error', () => {});
  const before = broadcast.waiting.size;
  while (broadcast.waiting.size === before) await sleep(1);
  request.destroy();
}

async function main() {
  const port = await listen(server);
  for (let i = 0; i < 10; i++) await poll(port);
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) await poll(port);
  await snapshot('current');
}
main();
