'use strict';
/**
 * The package lru-cache with a maximum, full before the baseline.
 *
 * @healthy
 */
const { LRUCache } = require('lru-cache');
const { snapshot } = require('../harness');

const profiles = new LRUCache({ max: 1_000, ttl: 60_000 });

function profile(id) {
  let found = profiles.get(id);
  if (!found) profiles.set(id, (found = { id, name: `Customer ${id}`, tags: ['a', `t${id}`] }));
  return found;
}

async function main() {
  for (let i = 0; i < 3_000; i++) profile(`customer-${i}`);
  await snapshot('baseline');
  for (let i = 3_000; i < 13_000; i++) profile(`customer-${i}`);
  await snapshot('current');
}
main();
