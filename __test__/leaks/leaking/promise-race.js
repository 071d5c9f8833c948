'use strict';
/**
 * `Promise.race` against a promise that lives as long as the process: each call adds a reaction.
 *
 * @leak name=stopped class=Promise kind=promises
 */
const { snapshot } = require('../harness');

let stop;
const stopped = new Promise((resolve) => (stop = resolve));

async function work(job) {
  await null;
  return { job, result: `done ${job}` };
}

async function runJob(job) {
  return Promise.race([stopped, work(job)]);
}

async function main() {
  for (let i = 0; i < 20; i++) await runJob(i);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) await runJob(i);
  await snapshot('current');
  stop();
}
main();
