'use strict';
/**
 * Two leaks at once: both are named, the larger first.
 *
 * @leak name=uploads class=Map kind=map
 * @leak name=searchTerms class=Array kind=array
 */
const { snapshot } = require('../harness');

const uploads = new Map();
const searchTerms = [];

function upload(id) {
  uploads.set(id, { id, lines: Array.from({ length: 20 }, (_, i) => `line ${i} of ${id}`) });
}
function search(term) {
  searchTerms.push({ term, at: Date.now() });
}

async function main() {
  for (let i = 0; i < 50; i++) upload(`warm-${i}`);
  for (let i = 0; i < 50; i++) search(`warm ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) upload(`file-${i}`);
  for (let i = 0; i < 3_000; i++) search(`shoes size ${i}`);
  await snapshot('current');
}
main();
