'use strict';
/**
 * Worker threads and child processes that are started and end.
 *
 * @healthy
 */
const { execFileSync } = require('node:child_process');
const { once } = require('node:events');
const { Worker } = require('node:worker_threads');
const { snapshot } = require('../harness');

async function runWorker(n) {
  const worker = new Worker('require("node:worker_threads").parentPort.postMessage("done")', {
    eval: true,
    workerData: { n },
  });
  await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
}

async function main() {
  await runWorker(0);
  execFileSync('true');
  await snapshot('baseline');
  for (let i = 0; i < 8; i++) {
    await runWorker(i);
    execFileSync('true');
  }
  await snapshot('current');
}
main();
