'use strict';
/**
 * A queue that is never worked off has the jobs in an array, and what has to be told of each in a set beside it:
 * one leak.
 *
 * @only
 * @leak name=queue|waiting class=Array|Set kind=array|set
 */
const { snapshot } = require('../harness');

class Queue {
  queue = [];
  waiting = new Set();

  add(work) {
    return new Promise((resolve) => {
      const ticket = { resolve, since: Date.now() };
      this.waiting.add(ticket);
      this.queue.push({ work, done: (result) => this.waiting.delete(ticket) && resolve(result) });
    });
  }
}

const backlog = new Queue();

async function main() {
  for (let i = 0; i < 20; i++) backlog.add({ id: i, text: `warm ${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) backlog.add({ id: i, text: `work ${i}` });
  await snapshot('current');
}
main();
