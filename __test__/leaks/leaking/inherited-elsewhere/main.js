'use strict';
/**
 * A store that inherits its map from a class in another file.
 *
 * @leak name=records class=Map kind=map file=base-store.js
 */
const { snapshot } = require('../../harness');
const { BaseStore } = require('./base-store');

class OrderStore extends BaseStore {
  place(id) {
    this.keep(id, { id, lines: [{ sku: `sku-${id}`, quantity: 1 }] });
  }
}

const orders = new OrderStore();

async function main() {
  for (let i = 0; i < 50; i++) orders.place(i);
  await snapshot('baseline');
  for (let i = 50; i < 4_000; i++) orders.place(i);
  await snapshot('current');
}
main();
