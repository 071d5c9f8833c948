'use strict';
/**
 * Documents of many shapes are parsed and dropped: V8 learns hidden classes, the program keeps
 * nothing.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

let parsed = 0;

function read(i) {
  const fields = Array.from({ length: 12 }, (_, f) => [`field_${(i * 7 + f) % 150}`, { f, i }]);
  const document = JSON.parse(JSON.stringify(Object.fromEntries(fields)));
  parsed += Object.keys(document).length;
}

async function main() {
  for (let i = 0; i < 200; i++) read(i);
  await snapshot('baseline');
  for (let i = 0; i < 20_000; i++) read(i);
  await snapshot('current');
  read(parsed);
}
main();
