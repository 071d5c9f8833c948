'use strict';
/**
 * A worker waits for the next job or for the signal to stop, whichever comes first: each race leaves reactions
 * behind at the promise of the signal, which Node settles by another one.
 *
 * @leak name=stopped class=Promise kind=promises
 */
const { once } = require('node:events');
const { snapshot } = require('../harness');

const stopped = once(process, 'SIGTERM'); // @here

async function nextJob(number) {
  await null;
  return { number, lines: [`job ${number}`, 'ready'] };
}

async function work(jobs) {
  for (let number = 0; number < jobs; number++) {
    const job = await Promise.race([stopped, nextJob(number)]);
    if (!job.lines) return;
  }
}

async function main() {
  await work(20);
  await snapshot('baseline');
  await work(3_000);
  await snapshot('current');
}
main();
