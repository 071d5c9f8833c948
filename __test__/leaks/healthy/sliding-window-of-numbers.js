'use strict';
/**
 * The latencies of the last 5,000 requests, and the numbers of the last 3,000 messages: arrays and
 * sets of numbers, of which the heap shows only the room they take.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const latencies = [];
const seen = new Set();

function handle(i) {
  latencies.push(i % 977);
  if (latencies.length > 5_000) latencies.shift();
  seen.add(i);
  if (seen.size > 3_000) seen.delete(i - 3_000);
}

async function main() {
  for (let i = 0; i < 6_000; i++) handle(i);
  await snapshot('baseline');
  for (let i = 6_000; i < 50_000; i++) handle(i);
  await snapshot('current');
  handle(latencies.length);
}
main();
