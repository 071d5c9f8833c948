'use strict';
/**
 * Lists in plain objects in a plain object: by region, and then by what is measured. One line of code
 * fills them all.
 *
 * @restart
 * @leak name=figures class=Array kind=array
 */
const { snapshot } = require('../harness');

const figures = {}; // @here

function measure(i) {
  const ofRegion = (figures[`region${i % 6}`] ??= {});
  (ofRegion[`probe${i % 4}`] ??= []).push({ i });
}

async function main() {
  for (let i = 0; i < 200; i++) measure(i);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) measure(i);
  await snapshot('current');
}
main();
