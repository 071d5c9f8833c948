'use strict';

/**
 * A cache of two generations in two processes: when the newer one is full it becomes the older one, so how full
 * it is is a matter of the moment. Both together are what the cache holds, and that is load.
 *
 * @restart
 * @healthy
 */

const { snapshot } = require('../harness.js');

const FULL = 1000;

class Cache {
  #newer = new Map();
  #older = new Map();

  get(key) {
    return this.#newer.get(key) ?? this.#older.get(key);
  }

  set(key, value) {
    this.#newer.set(key, { value, expires: Infinity });
    if (this.#newer.size < FULL) return;
    this.#older = this.#newer;
    this.#newer = new Map();
  }
}

const pages = new Cache();

function render(from, to) {
  for (let page = from; page < to; page++) {
    if (!pages.get(`/page/${page}`)) pages.set(`/page/${page}`, `<h1>${page}</h1>`);
  }
}

(async () => {
  render(0, 3200);
  await snapshot('baseline');
  render(3200, 3700);
  await snapshot('current');
})();
