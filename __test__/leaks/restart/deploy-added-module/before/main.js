'use strict';
/**
 * A new version brings a module, and the module leaks. There was nothing of it in the baseline.
 *
 * @deploy
 * @leak name=spans class=Map kind=map file=tracing.js items=0:4000
 */
const { snapshot } = require('../../../harness');

const requests = [];

async function main() {
  for (let i = 0; i < 4_000; i++) requests[i % 10] = { i };
  await snapshot('baseline');
}
main();
