'use strict';
/**
 * A hand-written LRU, full before the baseline; all of its entries are replaced afterwards.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

class Lru {
  #entries = new Map();
  constructor(max) {
    this.max = max;
  }
  get(key) {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }
  set(key, value) {
    this.#entries.set(key, value);
    if (this.#entries.size > this.max) this.#entries.delete(this.#entries.keys().next().value);
  }
}

const products = new Lru(2_000);

function product(id) {
  let found = products.get(id);
  if (!found) products.set(id, (found = { id, name: `Product ${id}`, prices: [id, id * 2] }));
  return found;
}

async function main() {
  for (let i = 0; i < 3_000; i++) product(i);
  await snapshot('baseline');
  for (let i = 3_000; i < 23_000; i++) product(i);
  await snapshot('current');
}
main();
