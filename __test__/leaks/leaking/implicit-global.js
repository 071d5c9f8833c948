/**
 * Sloppy mode: a variable nobody declared becomes a property of the global object.
 *
 * @leak name=lastResults|globalThis.lastResults class=Array kind=array file=implicit-global.js
 */
const { snapshot } = require('../harness');

function search(term) {
  if (typeof lastResults === 'undefined') lastResults = [];
  lastResults.push({ term, hits: [term.length, term.length * 2] });
  return lastResults.at(-1);
}

async function main() {
  for (let i = 0; i < 20; i++) search(`term ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) search(`another term ${i}`);
  await snapshot('current');
}
main();
