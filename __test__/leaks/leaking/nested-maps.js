'use strict';
/**
 * A map of four tenants, each with a map of users that grows.
 *
 * @leak name=tenants class=Map kind=map
 */
const { snapshot } = require('../harness');

const tenants = new Map(['acme', 'globex', 'initech', 'umbrella'].map((name) => [name, new Map()]));

function login(tenant, user) {
  tenants.get(tenant).set(user, { user, since: Date.now(), rights: ['read'] });
}

async function main() {
  const names = [...tenants.keys()];
  for (let i = 0; i < 100; i++) login(names[i % 4], `warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) login(names[i % 4], `user-${i}`);
  await snapshot('current');
}
main();
