'use strict';
/**
 * A whole framework is loaded and initialised by the first request after the baseline.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

let app = null;

async function handle(i) {
  if (!app) {
    app = require('fastify')();
    app.get('/', async () => ({ ok: true }));
    await app.ready();
  }
  const response = await app.inject({ method: 'GET', url: `/?i=${i}` });
  return response.statusCode;
}

async function main() {
  await snapshot('baseline');
  for (let i = 0; i < 200; i++) await handle(i);
  await snapshot('current');
}
main();
