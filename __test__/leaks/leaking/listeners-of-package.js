'use strict';
/**
 * A handler is added to a package's emitter with every connection: the code to look at is the
 * program's, not that of the package.
 *
 * @leak name=_events.close class=WebSocketServer kind=listeners items=6:806
 */
const { WebSocketServer } = require('ws');
const { snapshot } = require('../harness');

const server = new WebSocketServer({ noServer: true });
server.setMaxListeners(0);

function accept(i) {
  const connection = { i, opened: Date.now() };
  server.on('close', () => connection.opened); // @here
}

async function main() {
  for (let i = 0; i < 6; i++) accept(i);
  await snapshot('baseline');
  for (let i = 0; i < 800; i++) accept(i);
  await snapshot('current');
}
main();
