'use strict';
/**
 * Two caches of one class: one is bounded by its use, the other leaks. The report must show which.
 *
 * @leak name=entries class=Map kind=map via=sessionCache
 */
const { snapshot } = require('../harness');

class Cache {
  entries = new Map();
  set(key, value) {
    this.entries.set(key, { value, at: Date.now() });
  }
}

const countryCache = new Cache();
const sessionCache = new Cache();

function visit(i) {
  countryCache.set(`country ${i % 200}`, { vat: i % 27 });
  sessionCache.set(`session ${i}`, { user: i });
}

async function main() {
  for (let i = 0; i < 300; i++) visit(i);
  await snapshot('baseline');
  for (let i = 300; i < 5_000; i++) visit(i);
  await snapshot('current');
}
main();
