'use strict';
/**
 * A template engine compiles a function for each text and keeps all of them.
 *
 * @leak name=compiled class=Map kind=map|closures
 */
// A map of functions.
const { snapshot } = require('../harness');

const compiled = new Map();

function render(template, data) {
  if (!compiled.has(template)) {
    compiled.set(template, new Function('data', `return \`${template}\`;`));
  }
  return compiled.get(template)(data);
}

async function main() {
  for (let i = 0; i < 20; i++) render(`Hello \${data.name}, ${i}`, { name: 'Ann' });
  await snapshot('baseline');
  for (let i = 0; i < 1_000; i++)
    render(`Dear \${data.name}, invoice ${i} is due`, { name: 'Ann' });
  await snapshot('current');
}
main();
