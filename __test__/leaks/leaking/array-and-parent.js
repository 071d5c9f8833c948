'use strict';
/**
 * Objects that point back at their owner and at each other, in an array and in a set.
 *
 * @leak name=all|dirty class=Array|Set kind=array|set
 */
// `all` and `dirty` hold the same records: either is right.
const { snapshot } = require('../harness');

class UnitOfWork {
  all = [];
  dirty = new Set();

  create(values) {
    const record = { values, owner: this, sibling: this.all.at(-1) ?? null };
    this.all.push(record);
    this.dirty.add(record);
  }
}

const unit = new UnitOfWork();

async function main() {
  for (let i = 0; i < 50; i++) unit.create({ i });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) unit.create({ i, name: `record ${i}` });
  await snapshot('current');
}
main();
