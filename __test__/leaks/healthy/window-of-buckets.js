'use strict';
/**
 * Requests of the last minutes, a Map for each. The oldest is emptied when a minute begins: one fills,
 * another loses as much.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const MINUTES = 20;
const PER_MINUTE = 800;
const minutes = Array.from({ length: MINUTES }, () => new Map());
let minute = 0;
let count = 0;

function record(user) {
  count += 1;
  if (count % PER_MINUTE === 0) {
    minute = (minute + 1) % MINUTES;
    minutes[minute].clear();
  }
  minutes[minute].set(`${user}:${count}`, { user, count, at: new Date() });
}

async function main() {
  for (let i = 0; i < 30 * PER_MINUTE + 40; i++) record(`user ${i % 500}`);
  await snapshot('baseline');
  for (let i = 0; i < 2 * PER_MINUTE; i++) record(`user ${i % 500}`);
  await snapshot('current');
  if (minutes.length !== MINUTES) throw new Error('not a window');
}
main();
