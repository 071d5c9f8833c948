'use strict';
/**
 * Intervals that are never cleared, and as many leases in a Map that nothing but the functions of those intervals leads to:
 * two leaks, for the ones are not about the others. Compared with another process, both are named, the larger first.
 *
 * @restart
 * @only
 * @leak name=renew|_onTimeout|setInterval class=Timeout|TimersList kind=timers
 * @leak name=leases class=Map kind=map
 */
const { snapshot } = require('../harness');

const leases = new Map();

function lease(id) {
  leases.set(`lease-${id}`, { id, owner: `node-${id}` });
  const body = new Array(40).fill(id);
  const renew = () => body.push(Date.now());
  setInterval(renew, 600_000);
}

async function main() {
  for (let i = 0; i < 10; i++) lease(i);
  await snapshot('baseline');
  for (let i = 10; i < 610; i++) lease(i);
  await snapshot('current');
}
main();
