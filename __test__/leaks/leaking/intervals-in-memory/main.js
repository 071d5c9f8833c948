'use strict';
/**
 * A loader compiles TypeScript on the way to V8, and the function that an interval calls has no name: it is where
 * the file makes its only interval.
 *
 * @leak name=_onTimeout class=Timeout kind=timers file=subscriptions.ts
 * @only
 */
const fs = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');
const { snapshot } = require('../../harness');

const options = { loader: 'ts', format: 'cjs', minifyWhitespace: true, keepNames: true };

require.extensions['.ts'] = (module, file) => {
  const source = fs.readFileSync(file, 'utf8');
  module._compile(esbuild.transformSync(source, options).code, file);
};

const { subscribe } = require(path.join(__dirname, 'subscriptions.ts'));

async function main() {
  for (let i = 0; i < 20; i++) await subscribe(i);
  await snapshot('baseline');
  for (let i = 0; i < 500; i++) await subscribe(i);
  await snapshot('current');
}

main();
