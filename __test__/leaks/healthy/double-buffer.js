'use strict';
/**
 * Statistics of this minute and of the one before: each minute both are made anew, of the same size.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

class Statistics {
  current = new Map();
  previous = new Map();

  count(route) {
    const entry = this.current.get(route) ?? { hits: 0, at: [] };
    entry.hits++;
    this.current.set(route, entry);
  }

  rotate() {
    this.previous = this.current;
    this.current = new Map();
  }
}

const statistics = new Statistics();

function minute(n) {
  for (let i = 0; i < 1_500; i++) statistics.count(`/route/${n}/${i % 500}`);
  statistics.rotate();
}

async function main() {
  for (let n = 0; n < 5; n++) minute(n);
  await snapshot('baseline');
  for (let n = 5; n < 30; n++) minute(n);
  await snapshot('current');
  minute(0);
}
main();
