'use strict';
/**
 * A loader compiles TypeScript on the way to V8, and the function that an interval calls has no name: it is where
 * the file makes its only interval.
 *
 * @leak name=_onTimeout class=Timeout kind=timers file=subscriptions.ts
 * @only
 */
const path = require('node:path');
const { snapshot } = require('../../harness');
require('../../support/typescript-in-memory');

const { subscribe } = require(path.join(__dirname, 'subscriptions.ts'));

async function main() {
  for (let i = 0; i < 20; i++) await subscribe(i);
  await snapshot('baseline');
  for (let i = 0; i < 500; i++) await subscribe(i);
  await snapshot('current');
}

main();
