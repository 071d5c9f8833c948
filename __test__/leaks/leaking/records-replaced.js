'use strict';
/**
 * The state of each user is a record that is replaced whenever something happens, and no user is ever forgotten. Of
 * the records of then none is left, but all of the keys.
 *
 * @leak name=stateByUser class=Map kind=map
 */
const { snapshot } = require('../harness');

const stateByUser = new Map();

function seen(user, at) {
  const state = stateByUser.get(user) ?? { user, visits: 0, history: 'none' };
  stateByUser.set(user, { ...state, visits: state.visits + 1, last: { at } });
}

async function main() {
  for (let i = 0; i < 1_000; i++) seen(`user ${i}`, i);
  await snapshot('baseline');
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 1_700; i++) seen(`user ${i}`, i);
  }
  await snapshot('current');
}
main();
