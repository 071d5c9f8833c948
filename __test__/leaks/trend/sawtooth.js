'use strict';
/**
 * A buffer of events that is sent and emptied when it is full; the snapshots catch it at any height.
 *
 * @trend baseline second third current
 * @healthy
 */
const { snapshot } = require('../harness');

let events = [];
let sent = 0;

function emit(i) {
  events.push({ i, name: `event ${i}`, properties: { page: i % 10 } });
  if (events.length >= 4_000) {
    sent += events.length;
    events = [];
  }
}

async function main() {
  let next = 0;
  for (const [label, count] of Object.entries({
    baseline: 500,
    second: 3_000,
    third: 2_000,
    current: 2_000,
  })) {
    for (let i = 0; i < count; i++) emit(next++);
    await snapshot(label);
  }
  console.log(sent);
}
main();
