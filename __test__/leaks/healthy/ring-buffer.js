'use strict';
/**
 * The last 1,000 log lines in a ring that is full before the baseline.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

class Ring {
  #slots = new Array(1_000).fill(null);
  #next = 0;
  push(value) {
    this.#slots[this.#next++ % this.#slots.length] = value;
  }
}

const lines = new Ring();

async function main() {
  for (let i = 0; i < 1_500; i++) lines.push({ i, text: `line ${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 50_700; i++) lines.push({ i, text: `a longer line with number ${i}` });
  await snapshot('current');
}
main();
