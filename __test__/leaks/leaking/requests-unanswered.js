'use strict';
/**
 * A server that answers nothing, and calls it that wait for it: Node has sockets, parsers, messages and
 * listeners for each, which are one leak.
 *
 * @leak name=Socket class=Socket kind=instances file=none
 * @only
 */
const http = require('node:http');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const server = http.createServer(() => {});
const waiting = new Set();

function call(port, count) {
  for (let i = 0; i < count; i++) {
    waiting.add(fetch(`http://127.0.0.1:${port}/${i}`).catch(() => undefined));
  }
}

server.listen(0, async () => {
  const { port } = server.address();
  call(port, 5);
  await sleep(100);
  await snapshot('baseline');
  call(port, 120);
  await sleep(400);
  await snapshot('current');
});
