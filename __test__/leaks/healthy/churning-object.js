'use strict';
/**
 * A dictionary object whose keys come and go at constant size.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const locks = {};

async function main() {
  for (let i = 0; i < 2_000; i++) locks[`lock:${i}`] = { owner: i, waiting: [] };
  await snapshot('baseline');
  for (let i = 2_000; i < 20_000; i++) {
    locks[`lock:${i}`] = { owner: i, waiting: [] };
    delete locks[`lock:${i - 2_000}`];
  }
  await snapshot('current');
  console.log(Object.keys(locks).length);
}
main();
