'use strict';

/**
 * A primary process has its state in a block, a counter and a flag among it, and waits in a function of another
 * file. V8 does not name the variables of a block, and numbers count as none of them.
 *
 * @leak name=waiting class=Map kind=map items=40:2040
 * @only
 */

const { isMainThread } = require('node:worker_threads');
const { snapshot } = require('../harness.js');

if (isMainThread) {
  let sent = 0;
  const waiting = new Map(); // @here
  let failed = 0;
  const answers = new Map();

  function call(task) {
    const id = ++sent;
    waiting.set(id, { id, task, text: `task ${task}` });
    answers.set(id % 20, task);
    if (task < 0) failed++;
  }

  function sum() {
    return { sent, failed, waiting: waiting.size, answers: answers.size };
  }

  async function work(tasks) {
    for (let task = 0; task < tasks; task++) call(task);
    return sum();
  }

  play(work);
} else {
  console.log('a worker has nothing to wait for');
}

async function play(work) {
  await work(40);
  await snapshot('baseline');
  await work(2000);
  await snapshot('current');
  work(0);
}
