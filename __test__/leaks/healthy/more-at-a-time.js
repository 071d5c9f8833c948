'use strict';
/**
 * A service that asks another one over an agent and is asked itself, by a hundred clients at a time
 * after the baseline and by two before it. All their connections are kept alive, and are idle.
 *
 * @healthy
 */
const http = require('node:http');
const { snapshot } = require('../harness');
const { listen } = require('../support/load');

const backend = http.createServer((req, res) => res.end('price'));
const server = http.createServer((req, res) => {
  http.get({ port: backend.address().port, agent }, (answer) => answer.pipe(res));
});
const agent = new http.Agent({ keepAlive: true });

function ask(port) {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, agent }, (response) => {
      response.resume();
      response.once('end', resolve);
    });
    request.once('error', reject);
  });
}

async function load(port, clients, requests) {
  let left = requests;
  const client = async () => {
    while (left-- > 0) await ask(port);
  };
  await Promise.all(Array.from({ length: clients }, client));
}

async function main() {
  await listen(backend);
  const port = await listen(server);
  await load(port, 2, 100);
  await snapshot('baseline');
  await load(port, 100, 2_000);
  await snapshot('current');
}
main();
