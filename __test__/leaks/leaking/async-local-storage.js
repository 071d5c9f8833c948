'use strict';
/**
 * A background loop that is started inside the first request runs in that request's context for
 * ever, and everything it logs goes into that context's store.
 *
 * @leak name=entries class=Array kind=array
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const requestContext = new AsyncLocalStorage();
let refresher = null;
let refreshed = 0;

function log(message) {
  requestContext.getStore()?.entries.push({ message, at: Date.now() });
}

function refreshSoon() {
  refresher = setTimeout(() => {
    for (let i = 0; i < 200; i++) log(`refreshed price list ${refreshed++}`);
    refreshSoon();
  }, 3);
}

function handle(requestId) {
  requestContext.run({ requestId, entries: [] }, () => {
    log('request begins');
    if (refresher === null) refreshSoon();
  });
}

async function main() {
  handle('first');
  await sleep(10);
  await snapshot('baseline');
  const before = refreshed;
  while (refreshed - before < 4_000) await sleep(3);
  await snapshot('current');
}
main();
