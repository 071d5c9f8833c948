'use strict';
/**
 * A table of 30,000 rows is loaded once, between the first and the second snapshot: two snapshots
 * could not tell it from a leak, four can.
 *
 * @trend baseline second third current
 * @healthy
 */
const { snapshot } = require('../harness');

const postcodes = new Map();

function city(postcode) {
  if (postcodes.size === 0) {
    for (let i = 0; i < 30_000; i++)
      postcodes.set(`${1_000 + i}`, { city: `City ${i}`, lat: i / 100 });
  }
  return postcodes.get(postcode);
}

async function main() {
  await snapshot('baseline');
  city('1234');
  await snapshot('second');
  for (let i = 0; i < 5_000; i++) city(`${1_000 + i}`);
  await snapshot('third');
  for (let i = 0; i < 5_000; i++) city(`${1_000 + i}`);
  await snapshot('current');
}
main();
