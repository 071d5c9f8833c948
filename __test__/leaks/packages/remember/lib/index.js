'use strict';

class Cache {
  constructor() {
    this.keys = [];
    this.values = [];
  }
}

function remember(compute) {
  const cache = new Cache();
  const { keys, values } = cache;
  const remembering = (...key) => {
    const at = keys.findIndex((known) => known.every((part, i) => part === key[i]));
    if (at >= 0) return values[at];
    keys.push(key);
    values.push(compute(...key));
    return values[values.length - 1];
  };
  return Object.assign(remembering, { cache });
}

module.exports = { remember };
