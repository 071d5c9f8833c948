'use strict';
/**
 * Timestamps in nanoseconds, as BigInts, of every request.
 *
 * @leak name=latencies class=Array kind=array
 */
const { snapshot } = require('../harness');

const metrics = { requests: 0, latencies: [] };

function measure() {
  const start = process.hrtime.bigint();
  metrics.requests++;
  metrics.latencies.push(process.hrtime.bigint() - start + (1n << 40n));
}

async function main() {
  for (let i = 0; i < 100; i++) measure();
  await snapshot('baseline');
  for (let i = 0; i < 8_000; i++) measure();
  await snapshot('current');
}
main();
