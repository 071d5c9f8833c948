'use strict';

const cache = new Map(); // @here

// @here
exports.find = (number) => {
  if (!cache.has(number))
    cache.set(number, { number, lines: [{ sku: `sku-${number}`, count: 1 }] });
  return cache.get(number);
};
