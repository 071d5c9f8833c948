'use strict';
/**
 * 100 sessions that set up their own small state on first use after the baseline.
 *
 * @healthy
 */
const { snapshot } = require('../harness');
class Session {
  constructor(id) {
    this.id = id;
    this.rights = [];
    this.recent = [];
  }
  use(i) {
    if (this.rights.length === 0) this.rights.push('read', 'write');
    this.recent.push(i);
    if (this.recent.length > 3) this.recent.shift();
  }
}
const sessions = Array.from({ length: 100 }, (_, i) => new Session(i));
async function main() {
  for (let i = 0; i < 50; i++) sessions[i].use({ i });
  await snapshot('baseline');
  for (let i = 0; i < 5000; i++) sessions[i % 100].use({ i });
  await snapshot('current');
}
main();
