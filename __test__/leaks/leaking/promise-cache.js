'use strict';
/**
 * A cache of requests in flight that is never cleaned once they have landed.
 *
 * @leak name=inFlight class=Map kind=map|promises
 */
const { snapshot } = require('../harness');

const inFlight = new Map();

async function fetchProfile(id) {
  await null;
  return { id, name: `Profile ${id}`, roles: ['reader'] };
}

function profile(id) {
  if (!inFlight.has(id)) inFlight.set(id, fetchProfile(id));
  return inFlight.get(id);
}

async function main() {
  for (let i = 0; i < 20; i++) await profile(i);
  await snapshot('baseline');
  for (let i = 20; i < 3_000; i++) await profile(i);
  await snapshot('current');
}
main();
