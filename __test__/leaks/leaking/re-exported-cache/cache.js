'use strict';

exports.cache = {
  entries: {}, // @here
  set(key, value) {
    this.entries[key] = value;
  },
  get(key) {
    return this.entries[key];
  },
};
