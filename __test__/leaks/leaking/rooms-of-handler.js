'use strict';
/**
 * A Map of lists that a request handler has captured. It is reached by the handler, and is no list of such.
 *
 * @leak name=rooms class=Array kind=array
 */
const http = require('node:http');
const { snapshot } = require('../harness');

const rooms = new Map(); // @here
for (const name of ['lobby', 'games']) rooms.set(name, []);

function say(room, text) {
  rooms.get(room).push({ text, at: Date.now(), seen: () => text });
}

const server = http.createServer((request, response) => {
  say('lobby', request.url);
  response.end();
});

async function main() {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (let i = 0; i < 200; i++) say('lobby', `hello ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) say('lobby', `message ${i}`);
  await snapshot('current');
  server.close();
}
main();
