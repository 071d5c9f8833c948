'use strict';
/**
 * Sessions are registered to be told of when they are gone, and are kept in a Map for good. The registry has an entry
 * for each of them, but the leak is the Map.
 *
 * @leak name=sessions class=Map kind=map
 * @only
 */
const { snapshot } = require('../harness');

const registry = new FinalizationRegistry(() => {});
const sessions = new Map(); // @here

function open(i) {
  const session = { id: i };
  registry.register(session, { id: i, opened: Date.now() }, session);
  sessions.set(i, { session, seen: i });
}

async function main() {
  for (let i = 0; i < 200; i++) open(i);
  await snapshot('baseline');
  for (let i = 200; i < 3_000; i++) open(i);
  await snapshot('current');
}

main();
