'use strict';
/**
 * A memoized function without a bound: the cache is a variable of the closure.
 *
 * @leak name=cache class=Map kind=map file=memoize.js
 */
const { snapshot } = require('../../harness');
const { memoize } = require('./memoize');

const render = memoize((template) =>
  template.split(' ').map((word) => ({ word, html: `<b>${word}</b>` })),
);

async function main() {
  for (let i = 0; i < 30; i++) render(`greeting number ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) render(`invoice number ${i} of this year`);
  await snapshot('current');
}
main();
