'use strict';
/**
 * Keys made of what requests bring: what Symbol.for registers stays for as long as the process runs.
 *
 * @leak name=Symbol.for class=Symbol kind=instances file=*
 */
const { snapshot } = require('../harness');

const lastSeen = new WeakMap();

function see(request) {
  lastSeen.set(request, Symbol.for(`tenant-${request.tenant}`));
}

async function main() {
  for (let tenant = 0; tenant < 100; tenant++) see({ tenant });
  await snapshot('baseline');
  for (let tenant = 100; tenant < 9_000; tenant++) see({ tenant });
  await snapshot('current');
}
main();
