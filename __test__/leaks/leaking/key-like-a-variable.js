'use strict';
/**
 * Rows in tables that are known by their names: one of those is that of a variable as well.
 *
 * @leak name=byName class=Map kind=map
 */
const { snapshot } = require('../harness');

class Warehouse {
  constructor() {
    this.byName = {}; // @here
  }

  insert(table, id, row) {
    (this.byName[table] ??= new Map()).set(id, row);
  }
}

const warehouse = new Warehouse();

function ship(id) {
  const parcels = [`box ${id}`, `crate ${id}`];
  warehouse.insert('parcels', id, { id, contents: [...parcels] });
}

async function main() {
  for (const table of ['lorries', 'drivers']) warehouse.insert(table, 0, { id: 0 });
  for (let i = 0; i < 20; i++) ship(i);
  await snapshot('baseline');
  for (let i = 20; i < 2_000; i++) ship(i);
  await snapshot('current');
}

main();
