'use strict';
/**
 * A large table is loaded once, and beside it something small leaks all the time: the leak is named,
 * the table is not.
 *
 * @trend baseline second third current
 * @leak name=lookups class=Array kind=array
 */
const { snapshot } = require('../harness');

const postcodes = new Map();
const lookups = [];

function city(postcode) {
  if (postcodes.size === 0) {
    for (let i = 0; i < 30_000; i++)
      postcodes.set(`${1_000 + i}`, { city: `City ${i}`, lat: i / 100 });
  }
  lookups.push({ postcode, at: Date.now() });
  return postcodes.get(postcode);
}

async function main() {
  await snapshot('baseline');
  for (const label of ['second', 'third', 'current']) {
    for (let i = 0; i < 1_500; i++) city(`${1_000 + i}`);
    await snapshot(label);
  }
}
main();
