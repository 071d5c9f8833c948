'use strict';
/**
 * A listener on `process` for every job. `process` belongs to Node; the code to look at is that of
 * the listeners.
 *
 * @leak name=_events.beforeExit class=process kind=listeners
 */
const { snapshot } = require('../harness');

process.setMaxListeners(0);

class Job {
  constructor(id) {
    this.id = id;
    this.log = [`job ${id} created`];
    process.on('beforeExit', () => this.cancel());
  }
  cancel() {
    this.log.push('cancelled');
  }
}

async function main() {
  for (let i = 0; i < 10; i++) new Job(i);
  await snapshot('baseline');
  for (let i = 0; i < 2_500; i++) new Job(i);
  await snapshot('current');
}
main();
