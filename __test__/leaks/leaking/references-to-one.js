'use strict';
/**
 * Every request adds references to one and the same object: nothing new but the references.
 *
 * @leak name=leaks class=Array kind=array items=0:20000
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen, load } = require('../support/load');
const leaks = [];
const shared = { name: 'shared' };
const server = http.createServer((req, res) => {
  for (let i = 0; i < 1000; i++) leaks.push(shared);
  res.end('ok');
});
async function main() {
  const port = await listen(server);
  await load(port, () => '/warm', 0);
  await snapshot('baseline');
  await load(port, () => '/bloat', 20);
  await snapshot('current');
}
main();
