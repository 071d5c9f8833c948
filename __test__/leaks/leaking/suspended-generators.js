'use strict';
/**
 * Generators that are begun, kept in a registry and never finished.
 *
 * @leak name=cursors class=Set kind=set
 */
const { snapshot } = require('../harness');

const cursors = new Set();

function* rows(query) {
  const page = Array.from({ length: 10 }, (_, i) => ({ query, row: i }));
  for (const row of page) yield row;
}

function openCursor(query) {
  const cursor = rows(query);
  cursors.add(cursor);
  return cursor.next().value;
}

async function main() {
  for (let i = 0; i < 20; i++) openCursor(`select ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 2_500; i++) openCursor(`select * from orders where id = ${i}`);
  await snapshot('current');
}
main();
