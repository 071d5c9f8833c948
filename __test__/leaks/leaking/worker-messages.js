'use strict';
/**
 * Jobs are remembered until a worker answers, and a job that the worker drops is never forgotten.
 *
 * @leak name=callbacks class=Map kind=map
 */
const { Worker } = require('node:worker_threads');
const { once } = require('node:events');
const { snapshot } = require('../harness');

class WorkerPool {
  callbacks = new Map();
  #next = 0;
  #worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
     parentPort.postMessage({ ready: true });
     parentPort.on('message', ({ id }) => { if (id % 50 === 0) parentPort.postMessage({ id }); });`,
    { eval: true },
  );

  async start() {
    await once(this.#worker, 'message');
    this.#worker.on('message', ({ id }) => {
      this.callbacks.get(id)();
      this.callbacks.delete(id);
    });
  }
  run(payload) {
    const id = this.#next++;
    this.callbacks.set(id, () => payload);
    this.#worker.postMessage({ id, payload });
  }
}

const pool = new WorkerPool();

async function main() {
  await pool.start();
  for (let i = 0; i < 50; i++) pool.run({ image: `warm-${i}.png` });
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) pool.run({ image: `photo-${i}.png` });
  await snapshot('current');
}
main();
