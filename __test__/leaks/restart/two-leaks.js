'use strict';
/**
 * Two leaks, compared with another process: both are named, the larger first.
 *
 * @restart
 * @leak name=documents class=Map kind=map
 * @leak name=queries class=Set kind=set
 */
const { snapshot } = require('../harness');

const documents = new Map();
const queries = new Set();

function read(id) {
  documents.set(id, { id, paragraphs: Array.from({ length: 15 }, (_, i) => `${id} says ${i}`) });
}
function ask(text) {
  queries.add(text);
}

async function main() {
  for (let i = 0; i < 100; i++) read(`doc-${i}`);
  for (let i = 0; i < 100; i++) ask(`question ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 2_500; i++) read(`document-${i}`);
  for (let i = 0; i < 5_000; i++) ask(`what about number ${i}?`);
  await snapshot('current');
}
main();
