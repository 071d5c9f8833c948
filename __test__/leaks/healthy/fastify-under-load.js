'use strict';
/**
 * Fastify with schemas and its logger, under load.
 *
 * @healthy
 */
const { Writable } = require('node:stream');
const fastify = require('fastify');
const { snapshot } = require('../harness');
const { load } = require('../support/load');

const app = fastify({
  logger: { level: 'info', stream: new Writable({ write: (chunk, encoding, done) => done() }) },
});
app.get(
  '/items/:id',
  { schema: { response: { 200: { type: 'object', properties: { id: { type: 'string' } } } } } },
  async (request) => ({ id: request.params.id, secret: 'dropped' }),
);

async function main() {
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address();
  await load(port, (i) => `/items/${i}`, 100);
  await snapshot('baseline');
  await load(port, (i) => `/items/${i}?q=${i}`, 1_500);
  await snapshot('current');
}
main();
