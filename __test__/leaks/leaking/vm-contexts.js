'use strict';
/**
 * A sandbox per plugin run, kept for debugging.
 *
 * @leak name=sandboxes class=Array kind=array
 */
const vm = require('node:vm');
const { snapshot } = require('../harness');

const sandboxes = [];

function runPlugin(code) {
  const sandbox = vm.createContext({ result: null });
  vm.runInContext(code, sandbox);
  sandboxes.push(sandbox);
}

async function main() {
  for (let i = 0; i < 3; i++) runPlugin(`result = ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 100; i++) runPlugin(`result = { answer: ${i} }`);
  await snapshot('current');
}
main();
