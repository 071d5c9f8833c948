'use strict';
/**
 * A function that answers with a large literal, called a second time after the baseline: V8 keeps an object to
 * copy.
 *
 * @healthy
 */
const vm = require('node:vm');
const { snapshot } = require('../harness');

const entries = Array.from(
  { length: 400 },
  (_, i) => `key${i}: { id: ${i}, text: 'Message ${i}' }`,
);
const source = `(function messages() { return { ${entries} }; })`;
const messages = vm.runInThisContext(source, { filename: __filename });

async function main() {
  let count = Object.keys(messages()).length;
  await snapshot('baseline');
  for (let i = 0; i < 20; i++) count += Object.keys(messages()).length;
  await snapshot('current');
  if (count === 0) throw new Error('no messages');
}
main();
