'use strict';
/**
 * A Fastify application decorated with an array that a hook fills.
 *
 * @leak name=recentRequests class=Array kind=array
 */
// The application object is made in fastify.js and lives in the scope of this file.
const fastify = require('fastify');
const { snapshot } = require('../harness');
const { load } = require('../support/load');

const app = fastify();
app.decorate('recentRequests', []);
app.addHook('onRequest', async (request) => {
  app.recentRequests.push({ url: request.url, headers: { ...request.headers } });
});
app.get('/items/:id', async (request) => ({ id: request.params.id }));

async function main() {
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address();
  await load(port, (i) => `/items/${i}`, 50);
  await snapshot('baseline');
  await load(port, (i) => `/items/${i}`, 1_200);
  await snapshot('current');
}
main();
