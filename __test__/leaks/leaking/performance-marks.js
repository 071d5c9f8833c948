'use strict';
/**
 * `performance.mark` without `clearMarks`: Node keeps every entry, in a buffer of its own. The code
 * that owns it is Node's.
 *
 * @leak name=markEntryBuffer|markTimings class=Array|Map kind=array|map file=*
 */
// Newer Node keeps a map of the marks by name beside the buffer of entries.
const { snapshot } = require('../harness');

function timed(name, work) {
  performance.mark(`${name}-begin`);
  return work();
}

async function main() {
  for (let i = 0; i < 50; i++) timed(`warm-${i}`, () => i);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) timed(`request-${i}`, () => i);
  await snapshot('current');
}
main();
