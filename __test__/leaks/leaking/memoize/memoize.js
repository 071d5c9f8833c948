'use strict';

function memoize(compute) {
  const cache = new Map(); // @here
  return function memoized(key) {
    // @here
    if (!cache.has(key)) cache.set(key, compute(key));
    return cache.get(key);
  };
}

module.exports = { memoize };
