'use strict';
/**
 * The article's server: every request pushes 10,000 references to one object.
 *
 * @leak name=leaks class=Array kind=array items=10000:210000
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');

const leaks = []; // @here

const server = http.createServer((req, res) => {
  // @here
  const bloat = { text: 'this object is referenced ten thousand times' };
  for (let i = 0; i < 10_000; i++) leaks.push(bloat);
  res.end('bloated\n');
});

async function main() {
  const port = await listen(server);
  await load(port, () => '/bloatMyServer', 1);
  await snapshot('baseline');
  await load(port, () => '/bloatMyServer', 20);
  await snapshot('current');
}
main();
