'use strict';
/**
 * Rows in an array that a function has as the default of what is unpacked from its parameter, over several lines. What a
 * regular expression has in it is no declaration.
 *
 * @leak name=store class=Array kind=array
 */
const { snapshot } = require('../harness');

const looksLikeIt = /const store = \[\]/;

function makeRepository({
  table,
  store = [], // @here
}) {
  return { add: (row) => store.push({ table, row }), size: () => store.length };
}

const repository = makeRepository({ table: 'orders' });

async function main() {
  for (let i = 0; i < 30; i++) repository.add(`warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) repository.add(`order-${i}`);
  await snapshot('current');
  return looksLikeIt.test(repository.size());
}
main();
