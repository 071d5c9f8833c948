'use strict';
/**
 * lru-cache with a time to live and no maximum: stale entries are only dropped when they are asked
 * for again.
 *
 * @leak name=profiles class=/^LRUCache$|^[a-z]$/i kind=map|object|other|instances
 */
// The package is minified: its class and its fields have names like `u` and `#s`, which are given as
// they are; the variable tells a developer what it is.
const { LRUCache } = require('lru-cache');
const { snapshot } = require('../harness');

const profiles = new LRUCache({ ttl: 1 });

function profile(id) {
  if (!profiles.has(id)) profiles.set(id, { id, name: `Customer ${id}`, tags: ['a', 'b'] });
}

async function main() {
  for (let i = 0; i < 50; i++) profile(`warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) profile(`customer-${i}`);
  await snapshot('current');
}
main();
