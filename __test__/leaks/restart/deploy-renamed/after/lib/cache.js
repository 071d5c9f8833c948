'use strict';

class MemoryCache {
  #entries = new Map();
  remember(key) {
    this.#entries.set(key, { key, at: Date.now(), hits: 0 });
  }
}

module.exports = { MemoryCache };
