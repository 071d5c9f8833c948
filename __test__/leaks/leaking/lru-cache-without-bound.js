'use strict';
/**
 * lru-cache with a time to live and no maximum: stale entries are only dropped when they are asked
 * for again.
 *
 * @leak name=/^profiles$|^#\w$/ class=/^LRUCache$|^[a-z]$|^Array$|^Map$/i kind=map|array|object|other|instances file=lru-cache-without-bound.js|index.min.js via=profiles
 */
// `profiles` is what the developer wrote; in the package, which is minified, a map and several arrays
// with names like `#t` grow together, and names are given as they are. The path must show `profiles`.
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
