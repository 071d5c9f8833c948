'use strict';
/**
 * A job queue that takes every job from waiting to active to done, and keeps what is done.
 *
 * @leak name=done class=Array kind=array
 */
const { snapshot } = require('../harness');

class JobQueue {
  constructor() {
    this.state = { waiting: [], active: new Map(), done: [] };
  }

  add(payload) {
    this.state.waiting.push({ id: this.#nextId++, payload, attempts: 0 });
  }

  async drain(work) {
    const { waiting, active, done } = this.state;
    for (let job = waiting.shift(); job; job = waiting.shift()) {
      active.set(job.id, job);
      job.result = await work(job.payload);
      active.delete(job.id);
      done.push(job);
    }
  }

  #nextId = 1;
}

const mails = new JobQueue();

async function send(count) {
  for (let i = 0; i < count; i++) mails.add({ to: `user${i}@example.com`, body: `hello ${i}` });
  await mails.drain(async ({ to }) => `sent to ${to}`);
}

async function main() {
  await send(50);
  await snapshot('baseline');
  await send(2_500);
  await snapshot('current');
}
main();
