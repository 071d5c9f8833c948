'use strict';
/**
 * A rule that is compiled from a text keeps what it has seen. Of code without a name the file is that
 * of the code that evaluated it.
 *
 * @leak name=seen class=Set kind=set
 */
const { snapshot } = require('../harness');

const rule = new Function('const seen = new Set(); return (order) => seen.add({ order }).size;')();

async function main() {
  for (let i = 0; i < 100; i++) rule(i);
  await snapshot('baseline');
  for (let i = 100; i < 4_000; i++) rule(i);
  await snapshot('current');
}
main();
