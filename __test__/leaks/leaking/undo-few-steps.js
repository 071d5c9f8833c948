'use strict';
/**
 * Undo steps, each of which has the one before. A few were there at the baseline.
 *
 * @only
 * @leak name=latest class=Object kind=list
 */
const { snapshot } = require('../harness');

let latest = { id: 0, previous: null }; // @here

function edit(id) {
  latest = { id, previous: latest, changes: [`change ${id}`] };
}

async function main() {
  for (let i = 1; i < 6; i++) edit(i);
  await snapshot('baseline');
  for (let i = 6; i < 4000; i++) edit(i);
  await snapshot('current');
}
main();
