'use strict';
/**
 * Metrics whose labels have few values, all known before the baseline, scraped now and then.
 *
 * @healthy
 */
const { Histogram, Registry } = require('prom-client');
const { snapshot } = require('../harness');

const registry = new Registry();
const duration = new Histogram({
  name: 'duration_seconds',
  help: 'Duration of requests',
  labelNames: ['route', 'status'],
  registers: [registry],
});

function observe(i) {
  duration.observe({ route: `/r${i % 20}`, status: i % 10 ? 200 : 500 }, (i % 977) / 100);
}

async function main() {
  for (let i = 0; i < 400; i++) observe(i);
  await registry.metrics();
  await snapshot('baseline');
  for (let i = 0; i < 30_000; i++) observe(i);
  for (let i = 0; i < 10; i++) await registry.metrics();
  await snapshot('current');
}
main();
