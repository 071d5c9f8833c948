'use strict';
/**
 * A signal that lives as long as the process gets a listener for every request.
 *
 * @leak name=shutdown|signal class=AbortSignal|EventTarget|AbortController|SafeMap|Map kind=listeners|map|list
 */
// The variable is the controller, its (private) property is the signal, an EventTarget; Node keeps an EventTarget's listeners
// in a linked list per type, in a map under a symbol. All of them lead to the same line.
const { snapshot } = require('../harness');

const shutdown = new AbortController();
require('node:events').setMaxListeners(0, shutdown.signal);

function handle(request) {
  const chunks = [`begin ${request.id}`];
  shutdown.signal.addEventListener('abort', () => chunks.push('aborted'));
  return chunks;
}

async function main() {
  for (let i = 0; i < 20; i++) handle({ id: i });
  await snapshot('baseline');
  for (let i = 0; i < 2_500; i++) handle({ id: i });
  await snapshot('current');
}
main();
