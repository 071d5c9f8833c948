'use strict';
/**
 * Clean-up hooks that are registered per request and never run; each captures the request.
 *
 * @leak name=shutdownHooks class=Array kind=array|closures
 */
// An array, and what piles up in it are closures: both kinds are true.
const { snapshot } = require('../harness');

const shutdownHooks = [];

function handle(request) {
  const body = Buffer.from(request.url).toString('base64');
  shutdownHooks.push(() => `${request.url} ${body}`);
  return body.length;
}

async function main() {
  for (let i = 0; i < 20; i++) handle({ url: `/warm/${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) handle({ url: `/orders/${i}` });
  await snapshot('current');
}
main();
