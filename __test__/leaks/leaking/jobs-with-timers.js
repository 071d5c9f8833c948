'use strict';
/**
 * Jobs that are never removed from their scheduler, each with an interval: one leak, not one of jobs and one of
 * timers.
 *
 * @only
 * @leak name=jobs class=Map kind=map
 */
const { snapshot } = require('../harness');

class Job {
  constructor(id, run) {
    this.id = id;
    this.timer = setInterval(() => run(this), 3_600_000);
    this.timer.unref();
  }
}

class Scheduler {
  jobs = new Map();

  add(id) {
    this.jobs.set(id, new Job(id, (job) => this.jobs.get(job.id)));
  }
}

const scheduler = new Scheduler();

async function main() {
  for (let i = 0; i < 20; i++) scheduler.add(`warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 600; i++) scheduler.add(`job-${i}`);
  await snapshot('current');
}
main();
