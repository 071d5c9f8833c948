'use strict';
/**
 * Tasks are chained on a tail promise, and the first of them never settles.
 *
 * @leak name=tail|queue|begin class=Promise|TaskQueue kind=promises|list|closures
 */
// The chain hangs between the promise that never settles, which only `begin` could settle, and
// `tail`, its newest end; `queue` is the variable that has both.
const { snapshot } = require('../harness');

class TaskQueue {
  constructor() {
    this.tail = new Promise((resolve) => (this.begin = resolve));
  }
  add(task) {
    this.tail = this.tail.then(() => task());
  }
}

const queue = new TaskQueue();

async function main() {
  for (let i = 0; i < 20; i++) queue.add(() => `warm ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) queue.add(() => `mail to customer ${i}`);
  await snapshot('current');
}
main();
