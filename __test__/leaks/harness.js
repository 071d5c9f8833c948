'use strict';

/**
 * How a scenario's program has its heap snapshots taken. The program is otherwise an ordinary one
 * and knows nothing of what is expected of it: that stands in the comment at its head, which the
 * runner reads.
 *
 * Set by the runner:
 *   SCENARIO_OUT     directory for the snapshots, one file per label
 *   SCENARIO_LAST    label after which the process ends (default `current`)
 *   SCENARIO_ONLY    the only label that is written, where two processes share a scenario; which of
 *                    the two it is stands in SCENARIO_RUN (`first`, `second`)
 *   SCENARIO_WRITER  `heapdiff` (default): the product writes the snapshots;
 *                    `live`: the product diffs the live heap with the baseline, and the report is
 *                    written in place of the last snapshot; `node`: Node writes them.
 *
 * Nothing here keeps a reference to anything of the program.
 */

const fs = require('node:fs');
const path = require('node:path');
const { setTimeout: sleep } = require('node:timers/promises');

const {
  SCENARIO_OUT: out = '.',
  SCENARIO_LAST: last = 'current',
  SCENARIO_ONLY: only,
  SCENARIO_WRITER: writer = 'heapdiff',
} = process.env;

/** Sockets that were closed, and promises that were settled, are gone after this. */
const SETTLE_MS = 60;

/**
 * Takes a snapshot of this process; ends the process after the last one.
 *
 * @param {string} label `baseline`, `current`, or any name in a trend.
 */
async function snapshot(label) {
  await sleep(SETTLE_MS);
  if (writer === 'live' && label === last) await report();
  else if (only === undefined || only === label)
    await write(path.join(out, `${label}.heapsnapshot`));
  if (label === last) process.exit(0);
}

/** @param {string} file */
async function write(file) {
  if (writer === 'node') require('node:v8').writeHeapSnapshot(file);
  else await require('../..').writeSnapshot(file);
}

async function report() {
  const baseline = path.join(out, 'baseline.heapsnapshot');
  const answer = await require('../..').diffSnapshots(baseline);
  fs.writeFileSync(path.join(out, 'report.json'), JSON.stringify(answer));
}

module.exports = { snapshot };
