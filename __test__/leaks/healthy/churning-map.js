'use strict';
/**
 * A map of sessions of constant size: every key in it is replaced, its table is rehashed on the way.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const sessions = new Map();

function login(i) {
  sessions.set(`session-${i}`, { user: i, cart: [], since: Date.now() });
}
function logout(i) {
  sessions.delete(`session-${i}`);
}

async function main() {
  for (let i = 0; i < 3_000; i++) login(i);
  await snapshot('baseline');
  for (let i = 3_000; i < 30_000; i++) {
    login(i);
    logout(i - 3_000);
  }
  await snapshot('current');
}
main();
