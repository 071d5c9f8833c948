'use strict';
/**
 * A table in a table: each of forty users gets a record every day, in plain objects.
 *
 * @only
 * @leak name=usage class=Object kind=object
 */
const { snapshot } = require('../harness');

const usage = {};

function record(user, day) {
  const days = (usage[user] ??= {});
  const today = (days[day] ??= { calls: 0, slowest: new Float64Array(4) });
  today.calls++;
}

async function main() {
  for (let i = 0; i < 120; i++) record(`user-${i % 40}`, `day-${i % 3}`);
  await snapshot('baseline');
  for (let day = 0; day < 70; day++) {
    for (let i = 0; i < 40; i++) record(`user-${i}`, `day-${day}`);
  }
  await snapshot('current');
}
main();
