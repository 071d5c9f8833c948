'use strict';
/**
 * A store of sessions; the baseline is of the process before the restart.
 *
 * @restart
 * @leak name=sessions class=Map kind=map
 */
const { snapshot } = require('../harness');

class SessionStore {
  sessions = new Map();
  open(token) {
    this.sessions.set(token, { token, user: { name: token.toUpperCase() }, openedAt: Date.now() });
  }
}

const store = new SessionStore();

async function main() {
  for (let i = 0; i < 300; i++) store.open(`s${process.pid}-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) store.open(`t${process.pid}-${i}`);
  await snapshot('current');
}
main();
