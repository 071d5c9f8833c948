'use strict';
/**
 * A server that answers nothing: Node has a socket, a parser, a message and listeners for each request, which
 * are one leak.
 *
 * @leak name=Socket class=Socket kind=instances file=*
 * @only
 */
const http = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const CLIENT = `
  const http = require('node:http');
  const { parentPort, workerData: port } = require('node:worker_threads');
  parentPort.on('message', (count) => {
    for (let i = 0; i < count; i++) http.get({ port, agent: false }).on('error', () => {});
  });
`;

async function main() {
  const port = await listen(http.createServer(() => {}));
  const client = new Worker(CLIENT, { eval: true, workerData: port });
  client.postMessage(5);
  await sleep(200);
  await snapshot('baseline');
  client.postMessage(300);
  await sleep(500);
  await snapshot('current');
}
main();
