'use strict';

const { MemoryCache } = require('./lib/cache');
const { snapshot } = require('../../../harness');

const cache = new MemoryCache();
const state = { visits: [], tokens: new Map() };

async function main() {
  for (let i = 0; i < 3_200; i++) {
    cache.remember(`key ${i}`);
    state.visits.push({ i, path: `/page/${i}` });
    state.tokens.set(`token-${i}`, { i });
  }
  await snapshot('current');
}
main();
