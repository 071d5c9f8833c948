'use strict';
/**
 * Closures, promises and generators by the thousand, none of which is kept.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

function* numbers(limit) {
  for (let i = 0; i < limit; i++) yield i;
}

async function request(i) {
  const context = { i, trace: [] };
  const log = (text) => context.trace.push(text);
  await Promise.all([1, 2, 3].map(async (n) => log(`step ${n}`)));
  for (const n of numbers(5)) log(`number ${n}`);
  return () => context.trace.join();
}

async function main() {
  for (let i = 0; i < 100; i++) (await request(i))();
  await snapshot('baseline');
  for (let i = 0; i < 20_000; i++) (await request(i))();
  await snapshot('current');
}
main();
