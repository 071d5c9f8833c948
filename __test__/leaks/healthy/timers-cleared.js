'use strict';
/**
 * Timeouts and intervals of many delays, all cleared or run out.
 *
 * @healthy
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

async function batch(size) {
  const timers = [];
  for (let i = 0; i < size; i++) {
    timers.push(setTimeout(() => timers.length, 60_000 + (i % 50)));
    timers.push(setInterval(() => timers.length, 30_000 + (i % 50)));
    setTimeout(() => {}, 1);
  }
  for (const timer of timers) clearTimeout(timer);
  await sleep(3);
}

async function main() {
  for (let i = 0; i < 5; i++) await batch(50);
  await snapshot('baseline');
  for (let i = 0; i < 60; i++) await batch(100);
  await snapshot('current');
}
main();
