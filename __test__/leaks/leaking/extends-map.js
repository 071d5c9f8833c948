'use strict';
/**
 * A class that extends Map.
 *
 * @leak name=sessions class=SessionRegistry|Map kind=map
 */
// It is a SessionRegistry, and it is a Map.
const { snapshot } = require('../harness');

class SessionRegistry extends Map {
  open(user) {
    const token = `token-${user}`;
    this.set(token, { user, since: Date.now() });
    return token;
  }
}

const sessions = new SessionRegistry();

async function main() {
  for (let i = 0; i < 100; i++) sessions.open(`warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) sessions.open(`user-${i}`);
  await snapshot('current');
}
main();
