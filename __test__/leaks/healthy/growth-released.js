'use strict';
/**
 * A batch grows large between the snapshots and is done before the second.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const batch = new Map();

function load(rows) {
  for (let i = 0; i < rows; i++) batch.set(i, { i, text: `row ${i}`, cells: [i, i + 1, i + 2] });
}
function commit() {
  const size = batch.size;
  batch.clear();
  return size;
}

async function main() {
  load(1_000);
  commit();
  await snapshot('baseline');
  load(100_000);
  commit();
  load(200);
  commit();
  await snapshot('current');
}
main();
