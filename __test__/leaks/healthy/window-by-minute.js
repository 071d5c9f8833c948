'use strict';
/**
 * The same by minute: the oldest Map is deleted, and a new one made.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const MINUTES = 20;
const PER_MINUTE = 800;
const byMinute = new Map([[0, new Map()]]);
let minute = 0;
let count = 0;

function record(user) {
  count += 1;
  if (count % PER_MINUTE === 0) {
    minute += 1;
    byMinute.set(minute, new Map());
    byMinute.delete(minute - MINUTES);
  }
  byMinute.get(minute).set(`${user}:${count}`, { user, count, at: new Date() });
}

async function main() {
  for (let i = 0; i < 30 * PER_MINUTE + 40; i++) record(`user ${i % 500}`);
  await snapshot('baseline');
  for (let i = 0; i < 2 * PER_MINUTE; i++) record(`user ${i % 500}`);
  await snapshot('current');
}
main();
