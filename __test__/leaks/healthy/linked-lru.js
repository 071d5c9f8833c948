'use strict';
/**
 * An LRU cache of a Map and a list, full before the baseline: every entry is another one afterwards.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

class Entry {
  constructor(key, value) {
    this.key = key;
    this.value = value;
    this.newer = null;
    this.older = null;
  }
}

class LeastRecentlyUsed {
  entries = new Map();
  head = null;
  tail = null;

  set(key, value) {
    const entry = new Entry(key, value);
    entry.older = this.head;
    if (this.head) this.head.newer = entry;
    this.head = entry;
    this.tail ??= entry;
    this.entries.set(key, entry);
    if (this.entries.size > 800) {
      const oldest = this.tail;
      this.tail = oldest.newer;
      this.tail.older = null;
      this.entries.delete(oldest.key);
    }
  }
}

const avatars = new LeastRecentlyUsed();

async function main() {
  for (let i = 0; i < 2_000; i++) avatars.set(`u${i}`, { url: `/avatars/${i}.png` });
  await snapshot('baseline');
  for (let i = 2_000; i < 9_000; i++) avatars.set(`u${i}`, { url: `/avatars/${i}.png` });
  await snapshot('current');
  avatars.set('last', {});
}
main();
