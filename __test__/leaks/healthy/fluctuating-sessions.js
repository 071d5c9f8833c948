'use strict';
/**
 * Some more users are logged in than at the baseline, and none of them is the same: 500 and 560 of
 * them, after 20,000 came and went.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const sessions = new Map();
let next = 0;
let oldest = 0;

function settleAt(size, arrivals) {
  for (let i = 0; i < arrivals; i++) {
    sessions.set(`session-${next}`, { user: next++, cart: [], since: Date.now() });
    while (sessions.size > size) sessions.delete(`session-${oldest++}`);
  }
}

async function main() {
  settleAt(500, 3_000);
  await snapshot('baseline');
  settleAt(620, 10_000);
  settleAt(480, 5_000);
  settleAt(560, 5_000);
  await snapshot('current');
}
main();
