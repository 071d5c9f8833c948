'use strict';
/**
 * Another pod has a third more sessions, fuller caches, longer texts and a longer list. That is its load.
 *
 * @restart
 * @healthy
 */
const { snapshot } = require('../harness');

const second = process.env.SCENARIO_RUN === 'second';

class SessionStore {
  sessions = new Map();
  open(i) {
    this.sessions.set(`session ${i}`, { i, user: { name: `user ${i}` }, cart: new Array(i % 7) });
  }
}

const store = new SessionStore();
const pages = new Map();
const visits = [];
const byRegion = {};
let last = null;

async function main() {
  const share = second ? 1.35 : 1;
  for (let i = 0; i < 2_000 * share; i++) store.open(i);
  for (let i = 0; i < 300 * share; i++)
    pages.set(`/page/${i}`, 'text '.repeat(second ? 350 : 200) + i);
  for (let i = 0; i < 4_000 * share; i++) visits.push({ i });
  for (let i = 0; i < 1_500 * share; i++) byRegion[`region-${i}`] = { i };
  for (let i = 0; i < 1_000 * share; i++) last = { before: last, i };
  await snapshot('baseline');
  await snapshot('current');
}
main();
