'use strict';
/**
 * 1,000 requests are always under way, each with a promise, a timer and an entry in a Map; none of
 * those at the end was there at the beginning.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const inFlight = new Map();
let next = 0;

function start() {
  const id = next++;
  const request = { id, url: `/items/${id}`, headers: { host: 'localhost' } };
  request.done = new Promise((resolve) => (request.resolve = resolve));
  request.timeout = setTimeout(() => request.resolve('too late'), 3_600_000);
  inFlight.set(id, request);
}

function finish() {
  const [[id, request]] = inFlight;
  clearTimeout(request.timeout);
  request.resolve('done');
  inFlight.delete(id);
}

async function main() {
  for (let i = 0; i < 1_000; i++) start();
  await snapshot('baseline');
  for (let i = 0; i < 12_000; i++) {
    start();
    finish();
  }
  await snapshot('current');
}
main();
