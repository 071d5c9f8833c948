'use strict';
/**
 * A queue as a linked list of 200,000 jobs: the consumer stopped, the head never moves.
 *
 * @leak name=head|jobs class=Job|JobQueue kind=list
 */
// `jobs` is the queue, `head` its property; the list is one of Jobs and belongs to the JobQueue.
const { snapshot } = require('../harness');

class Job {
  constructor(id) {
    this.id = id;
    this.next = null;
  }
}

class JobQueue {
  head = null;
  tail = null;

  push(id) {
    const job = new Job(id);
    if (this.tail) this.tail.next = job;
    else this.head = job;
    this.tail = job;
  }
}

const jobs = new JobQueue();

async function main() {
  for (let i = 0; i < 100; i++) jobs.push(i);
  await snapshot('baseline');
  for (let i = 0; i < 200_000; i++) jobs.push(i);
  await snapshot('current');
}
main();
