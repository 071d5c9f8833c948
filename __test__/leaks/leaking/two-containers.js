'use strict';
/**
 * Each user is held by two maps, so neither dominates it.
 *
 * @leak name=usersById|usersByEmail class=Map kind=map
 */
// Both hold all of them: either is right.
const { snapshot } = require('../harness');

const usersById = new Map();
const usersByEmail = new Map();

function register(id) {
  const user = { id, email: `user${id}@example.com`, profile: { bio: `I am ${id}`, links: [] } };
  usersById.set(user.id, user);
  usersByEmail.set(user.email, user);
}

async function main() {
  for (let i = 0; i < 50; i++) register(i);
  await snapshot('baseline');
  for (let i = 50; i < 4_000; i++) register(i);
  await snapshot('current');
}
main();
