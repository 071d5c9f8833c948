'use strict';
/**
 * A bounded cache that fills up in the first half of the trend and is full in the second.
 *
 * @trend baseline second third current
 * @healthy
 */
const { LRUCache } = require('lru-cache');
const { snapshot } = require('../harness');

const thumbnails = new LRUCache({ max: 3_000 });

async function main() {
  let next = 0;
  for (const [label, count] of Object.entries({
    baseline: 500,
    second: 2_900,
    third: 4_000,
    current: 4_000,
  })) {
    for (let i = 0; i < count; i++)
      thumbnails.set(`image-${next}`, { id: next++, pixels: [1, 2, 3] });
    await snapshot(label);
  }
}
main();
