'use strict';
/**
 * Each reload of the configuration registers a plugin again, which adds its hook again. The name of the list is
 * also a word that plugins hand over together with a function.
 *
 * @leak name=onRequest class=Array kind=array items=10:610
 * @only
 */
const { snapshot } = require('../harness');

class Server {
  hooks = { onRequest: [], onClose: [] }; // @here

  register(plugin, options) {
    plugin(this, options);
  }

  addHook(name, hook) {
    this.hooks[name].push(hook);
  }
}

function tracing(server, options) {
  server.addHook('onRequest', function trace(request) {
    request.trace = options;
  });
}

const server = new Server();

function reload(revision) {
  server.register(tracing, { service: 'orders', revision, tags: [`revision-${revision}`] });
}

async function main() {
  for (let i = 0; i < 10; i++) reload(i);
  await snapshot('baseline');
  for (let i = 0; i < 600; i++) reload(i);
  await snapshot('current');
}
main();
