'use strict';
/**
 * Timers of one duration, which are in one list that begins with another one at each snapshot.
 *
 * @trend baseline second third current
 * @leak name=expire class=Timeout kind=timers
 */
const { snapshot } = require('../harness');

function schedule(entry) {
  setTimeout(function expire() {
    entry.expired = true;
  }, 3_600_000).unref();
}

async function main() {
  let next = 0;
  for (const label of ['baseline', 'second', 'third', 'current']) {
    for (let i = 0; i < 1_500; i++) schedule({ id: next++, payload: `payload ${i}` });
    await snapshot(label);
  }
}
main();
