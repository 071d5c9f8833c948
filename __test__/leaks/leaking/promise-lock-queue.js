'use strict';
/**
 * A lock that was never released: the resolvers of those who wait pile up.
 *
 * @leak name=#waiting class=Array kind=array|closures|promises
 */
// An array of resolve functions of promises: each of the kinds is true.
const { snapshot } = require('../harness');

class Mutex {
  #locked = false;
  #waiting = [];

  async acquire() {
    if (this.#locked) await new Promise((resolve) => this.#waiting.push(resolve));
    this.#locked = true;
  }
  release() {
    this.#locked = false;
    this.#waiting.shift()?.();
  }
}

const mutex = new Mutex();

async function transfer(from, to) {
  await mutex.acquire();
  return { from, to };
}

async function main() {
  for (let i = 0; i < 10; i++) transfer(i, i + 1);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) transfer(i, i + 1);
  await snapshot('current');
}
main();
