'use strict';
/**
 * A class of the program's extends Array, and one of it is never cut.
 *
 * @leak name=visits class=History kind=array items=20:3020
 */
const { snapshot } = require('../harness');

class History extends Array {
  latest() {
    return this[this.length - 1];
  }
}

const visits = new History(); // @here

function visit(path) {
  visits.push({ path, after: visits.latest()?.path });
}

async function main() {
  for (let i = 0; i < 20; i++) visit(`/articles/${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) visit(`/articles/${i}`);
  await snapshot('current');
}
main();
