'use strict';
/**
 * A rules file is loaded afresh for every request: deleted from the cache, but each of the modules
 * stays in the `children` of the one that required it.
 *
 * @leak name=children|module.children class=Array kind=array
 */
const { snapshot } = require('../../harness');

function currentRules() {
  delete require.cache[require.resolve('./rules.js')];
  return require('./rules.js');
}

async function main() {
  for (let i = 0; i < 5; i++) currentRules();
  await snapshot('baseline');
  for (let i = 0; i < 500; i++) currentRules();
  await snapshot('current');
}
main();
