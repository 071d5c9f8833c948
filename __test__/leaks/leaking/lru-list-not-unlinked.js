'use strict';
/**
 * An LRU cache of a Map and a list: what is evicted leaves the Map, and stays in the list.
 *
 * @leak name=head|tail class=Entry kind=list
 */
// The list can be entered at both ends.
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
  constructor(max) {
    this.max = max;
    this.entries = new Map();
    this.head = null;
    this.tail = null;
  }

  set(key, value) {
    const entry = new Entry(key, value);
    entry.older = this.head;
    if (this.head) this.head.newer = entry;
    this.head = entry;
    this.tail ??= entry;
    this.entries.set(key, entry);
    if (this.entries.size > this.max) {
      const [oldest] = this.entries.keys();
      this.entries.delete(oldest);
    }
  }

  get(key) {
    return this.entries.get(key)?.value;
  }
}

const avatars = new LeastRecentlyUsed(200);

async function main() {
  for (let i = 0; i < 400; i++) avatars.set(`u${i}`, { url: `/avatars/${i}.png` });
  await snapshot('baseline');
  for (let i = 400; i < 6_000; i++) avatars.set(`u${i}`, { url: `/avatars/${i}.png` });
  await snapshot('current');
}
main();
