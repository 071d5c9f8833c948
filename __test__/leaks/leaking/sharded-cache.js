'use strict';
/**
 * A cache in 64 shards: each grows by a little, all together by a lot.
 *
 * @leak name=#shards|shards class=Array|Map kind=array|map
 */
// `#shards` is the array; what grows in it are maps.
const { snapshot } = require('../harness');

class ShardedCache {
  #shards = Array.from({ length: 64 }, () => new Map());

  set(id, value) {
    this.#shards[id % 64].set(id, value);
  }
}

const blocks = new ShardedCache();

async function main() {
  for (let i = 0; i < 640; i++) blocks.set(i, { id: i });
  await snapshot('baseline');
  for (let i = 640; i < 10_000; i++) blocks.set(i, { id: i, hash: `hash-${i}` });
  await snapshot('current');
}
main();
