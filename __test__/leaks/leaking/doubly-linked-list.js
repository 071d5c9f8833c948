'use strict';
/**
 * A recency list linked both ways, with a map to find the entries: a cache that never evicts.
 *
 * @leak name=recent|entries|newest|oldest class=Map|RecencyCache|Entry kind=map|list|object|instances
 */
// The map and the list hold the same entries: `recent` is the cache, the others are its fields.
const { snapshot } = require('../harness');

class Entry {
  constructor(key, value) {
    this.key = key;
    this.value = value;
    this.newer = null;
    this.older = null;
  }
}

class RecencyCache {
  constructor() {
    this.entries = new Map();
    this.newest = null;
    this.oldest = null;
  }
  set(key, value) {
    const entry = new Entry(key, value);
    entry.older = this.newest;
    if (this.newest) this.newest.newer = entry;
    this.newest = entry;
    this.oldest ??= entry;
    this.entries.set(key, entry);
  }
}

const recent = new RecencyCache();

async function main() {
  for (let i = 0; i < 50; i++) recent.set(`k${i}`, { i });
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) recent.set(`key ${i}`, { i, text: `value ${i}` });
  await snapshot('current');
}
main();
