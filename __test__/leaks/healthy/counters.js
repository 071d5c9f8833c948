'use strict';
/**
 * Counters and a histogram of fixed buckets: numbers become larger, nothing becomes more.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

class Histogram {
  constructor(name, bounds) {
    this.name = name;
    this.bounds = bounds;
    this.counts = bounds.map(() => 0.5);
    this.sum = 0.5;
  }

  observe(value) {
    const bucket = this.bounds.findIndex((bound) => value <= bound);
    if (bucket >= 0) this.counts[bucket] += 1.25;
    this.sum += value;
  }
}

const histograms = new Map();
for (let i = 0; i < 300; i++) {
  const name = `http_request_seconds_${i}`;
  histograms.set(name, new Histogram(name, [0.1, 0.5, 1, 2, 5]));
}

function observe(i) {
  histograms.get(`http_request_seconds_${i % 300}`).observe((i % 700) / 100);
}

async function main() {
  for (let i = 0; i < 300; i++) observe(i);
  await snapshot('baseline');
  for (let i = 0; i < 200_000; i++) observe(i);
  await snapshot('current');
  observe(1);
}
main();
