'use strict';

// A process that loads a table once, leaks all the time, and takes four snapshots.
// Argument: the directory for them.

const path = require('node:path');
const v8 = require('node:v8');

const [directory] = process.argv.slice(2);

/** @type {Array<{ row: number }>} */
const table = [];
/** @type {Array<{ request: number }>} */
const requests = [];

function load() {
  for (let row = 0; row < 20_000; row++) table.push({ row });
}

/** @param {number} count */
function serve(count) {
  for (let request = 0; request < count; request++) requests.push({ request });
}

exports.api = { load, serve };

serve(100);
v8.writeHeapSnapshot(path.join(directory, '1.heapsnapshot'));
load();
for (const number of [2, 3, 4]) {
  serve(3000);
  v8.writeHeapSnapshot(path.join(directory, `${number}.heapsnapshot`));
}
