'use strict';
/**
 * A list of shards that are replaced at every change by copies with one entry more. All shards are others
 * than before, and there are no more of them, but what was in them stays.
 *
 * @leak name=shards|entries class=Array kind=array
 */
const { snapshot } = require('../harness');

const SHARDS = 6;
const shards = Array.from({ length: SHARDS }, () => []);

function add(user) {
  const at = user % SHARDS;
  const entry = { user, since: new Date(), roles: ['reader'] };
  shards[at] = [...shards[at], entry];
}

async function main() {
  for (let user = 0; user < 300; user++) add(user);
  await snapshot('baseline');
  for (let user = 300; user < 3_000; user++) add(user);
  await snapshot('current');
  if (shards.length !== SHARDS) throw new Error('other shards');
}
main();
