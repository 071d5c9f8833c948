'use strict';
/**
 * A Map in a private field is copied on every write, as persistent data structures are.
 *
 * @leak name=#flags class=Map kind=map items=25:1025
 */
const { snapshot } = require('../harness');

class FlagStore {
  #flags = new Map();
  with(key, value) {
    this.#flags = new Map([...this.#flags, [key, value]]);
  }
}
const store = new FlagStore();

async function main() {
  for (let i = 0; i < 25; i++) store.with(`f${i}`, { on: true });
  await snapshot('baseline');
  for (let i = 0; i < 1000; i++) store.with(`user-${i}-beta`, { on: i % 2 === 0, by: 'admin' });
  await snapshot('current');
}
main();
