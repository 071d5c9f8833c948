'use strict';
/**
 * A WeakMap and a WeakSet of many short-lived keys: their tables stay large for a while.
 *
 * @healthy
 */
const { snapshot } = require('../harness');
const tags = new WeakMap();
const visited = new WeakSet();
function walk(n) {
  for (let i = 0; i < n; i++) {
    const o = { i };
    tags.set(o, i);
    visited.add(o);
  }
}
async function main() {
  walk(100);
  await snapshot('baseline');
  walk(60_000);
  await snapshot('current');
}
main();
