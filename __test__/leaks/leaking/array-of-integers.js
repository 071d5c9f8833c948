'use strict';
/**
 * Small integers: stored in the array itself, so there is no reference to count either.
 *
 * @leak name=processedIds class=Array kind=array
 */
const { snapshot } = require('../harness');

class Importer {
  processedIds = [];

  process(id) {
    if (!this.processedIds.includes(id, -10)) this.processedIds.push(id);
  }
}

const importer = new Importer();

async function main() {
  for (let i = 0; i < 100; i++) importer.process(i);
  await snapshot('baseline');
  for (let i = 100; i < 60_000; i++) importer.process(i);
  await snapshot('current');
}
main();
