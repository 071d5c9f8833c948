'use strict';
/**
 * An upstream hangs; requests wait in the agent's queue for its only socket.
 *
 * @leak name=upstream|requests class=Agent|Object|Array kind=array|object|other|instances
 */
// `upstream` is the agent, `requests` its property, one array per host inside.
const http = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const upstream = new http.Agent({ keepAlive: true, maxSockets: 1 });

const hanging = http.createServer(() => {});

function forward(port, i) {
  const request = http.get({ port, host: '127.0.0.1', path: `/price/${i}`, agent: upstream });
  request.on('error', () => {});
}

async function main() {
  const port = await listen(hanging);
  for (let i = 0; i < 10; i++) forward(port, i);
  await sleep(20);
  await snapshot('baseline');
  for (let i = 0; i < 600; i++) forward(port, i);
  await sleep(20);
  await snapshot('current');
}
main();
