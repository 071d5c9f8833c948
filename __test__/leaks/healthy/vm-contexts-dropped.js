'use strict';
/**
 * Sandboxes and compiled functions that are used once.
 *
 * @healthy
 */
const vm = require('node:vm');
const { snapshot } = require('../harness');

function run(i) {
  const sandbox = vm.createContext({ result: null });
  new vm.Script(`result = ${i} * 2`).runInContext(sandbox);
  return sandbox.result + new Function('x', `return x + ${i}`)(1);
}

async function main() {
  for (let i = 0; i < 5; i++) run(i);
  await snapshot('baseline');
  for (let i = 0; i < 40; i++) run(i);
  await snapshot('current');
}
main();
