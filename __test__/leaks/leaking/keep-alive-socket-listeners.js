'use strict';
/**
 * A handler adds a `close` listener to the socket on every request; on a kept-alive connection the
 * socket stays and collects them.
 *
 * @leak name=_events.close class=Socket kind=listeners
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { get, listen } = require('../support/load');

const server = http.createServer((req, res) => {
  const audit = { url: req.url, headers: { ...req.headers }, startedAt: Date.now() };
  req.socket.setMaxListeners(0);
  req.socket.on('close', () => console.log('client left', audit.url));
  res.end('ok');
});

async function main() {
  const port = await listen(server);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; i < 10; i++) await get(port, `/warm/${i}`, { agent });
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) await get(port, `/poll/${i}`, { agent });
  await snapshot('current');
}
main();
