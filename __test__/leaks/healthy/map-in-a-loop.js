'use strict';
/**
 * A sweep goes through a Map of jobs and waits for each; there are as many jobs as before, other ones.
 *
 * @healthy
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const jobs = new Map();
let next = 0;

function add() {
  jobs.set(next, { id: next, rows: new Array(30).fill(next) });
  next += 1;
  if (jobs.size > 2_000) jobs.delete(next - 2_001);
}

async function sweep() {
  for (const job of jobs.values()) await sleep(30_000 + job.id);
}

async function main() {
  for (let i = 0; i < 2_500; i++) add();
  await snapshot('baseline');
  for (let i = 0; i < 9_000; i++) add();
  sweep();
  await snapshot('current');
  add();
}
main();
