'use strict';
/**
 * What other compilers make of private fields: boxes with a `value`, one for each instance, or one variable
 * for a static field.
 *
 * @leak name=_pending class=Array kind=array
 * @leak name=_Pool_open class=Set kind=set
 */
const { snapshot } = require('../harness');

const _pending = new WeakMap(); // @here
const _Pool_open = { value: new Set() }; // @here

class Queue {
  constructor() {
    _pending.set(this, { writable: true, value: [] });
  }

  push(job) {
    _pending.get(this).value.push(job);
  }
}

class Pool {
  static open(host) {
    _Pool_open.value.add({ host, at: Date.now() });
  }
}

const queue = new Queue();

async function main() {
  for (let i = 0; i < 100; i++) queue.push({ id: `job ${i}`, steps: [i] });
  for (let i = 0; i < 100; i++) Pool.open(`host ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) queue.push({ id: `task ${i}`, steps: [i] });
  for (let i = 0; i < 3_000; i++) Pool.open(`server ${i}`);
  await snapshot('current');
}
main();
