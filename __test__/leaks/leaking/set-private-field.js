'use strict';
/**
 * A private field of a class.
 *
 * @leak name=#seen class=Set kind=set items=100:8100
 */
const { snapshot } = require('../harness');

class Deduplicator {
  #seen = new Set();

  isNew(id) {
    if (this.#seen.has(id)) return false;
    this.#seen.add(id);
    return true;
  }
}

const webhooks = new Deduplicator();

async function main() {
  for (let i = 0; i < 100; i++) webhooks.isNew(`evt_${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 8_000; i++) webhooks.isNew(`evt_new_${i}`);
  await snapshot('current');
}
main();
