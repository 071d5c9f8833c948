'use strict';
/**
 * A new version renames what holds a cache and a list, and puts one into a module of its own. Both are as full
 * as they were.
 *
 * @deploy
 * @healthy
 */
const { snapshot } = require('../../../harness');

class Store {
  items = new Map();
  remember(key) {
    this.items.set(key, { key, at: Date.now() });
  }
}

const store = new Store();
const visits = [];
const tokens = {};

async function main() {
  for (let i = 0; i < 3_000; i++) {
    store.remember(`key ${i}`);
    visits.push({ i, path: `/page/${i}` });
    tokens[`token-${i}`] = { i };
  }
  await snapshot('baseline');
}
main();
