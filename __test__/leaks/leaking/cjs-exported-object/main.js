'use strict';
/**
 * A dictionary on `module.exports`, filled through the exports of another module.
 *
 * @leak name=cache class=Object kind=object file=lookup.js
 */
const { snapshot } = require('../../harness');
const lookup = require('./lookup');

async function main() {
  for (let i = 0; i < 100; i++) lookup.country(`10.1.${i}.1`);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) lookup.country(`10.${i >> 8}.${i & 255}.7`);
  await snapshot('current');
}
main();
