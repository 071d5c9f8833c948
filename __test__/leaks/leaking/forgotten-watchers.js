'use strict';
/**
 * A file is watched anew for each request, and the watchers are not closed: only their handles hold
 * them.
 *
 * @leak name=FSWatcher|FSEvent class=FSWatcher|FSEvent kind=instances file=*
 */
const fs = require('node:fs');
const { snapshot } = require('../harness');

function readSettings() {
  fs.watch(__filename, () => {});
  return fs.statSync(__filename).size;
}

async function main() {
  for (let i = 0; i < 3; i++) readSettings();
  await snapshot('baseline');
  for (let i = 0; i < 100; i++) readSettings();
  await snapshot('current');
}
main();
