'use strict';

/**
 * What a full garbage collection of a large heap costs a service, alone and while a child shares its pages.
 *
 *     node --expose-gc --max-old-space-size=8000 benches/collection.cjs [MEGABYTES]
 *
 * The child is stopped, so that it takes no processor time: what is left of it is the copying of pages that the collection writes to.
 */

const fs = require('node:fs');
const { setTimeout } = require('node:timers/promises');
const { snapshotStream } = require('../index.js');
const startService = require('./service.cjs');

/** Bytes of heap per session of `service.cjs`. */
const BYTES_PER_SESSION = 238;
const MILLISECONDS_PER_TICK = 10;
const ROUNDS = 3;

const megabytes = Number(process.argv[2] ?? 650);
globalThis.service = startService(Math.round((megabytes * 1e6) / BYTES_PER_SESSION));

/** Minor faults and processor time in the kernel of this process so far. */
function kernelWork() {
  const fields = fs.readFileSync('/proc/self/stat', 'utf8').split(') ')[1].split(' ');
  return { faults: Number(fields[7]), systemMs: Number(fields[12]) * MILLISECONDS_PER_TICK };
}

function collect(when) {
  const before = kernelWork();
  const startedAt = performance.now();
  globalThis.gc();
  const ms = Math.round(performance.now() - startedAt);
  const after = kernelWork();
  return {
    when,
    ms,
    'minor faults': after.faults - before.faults,
    'system ms': after.systemMs - before.systemMs,
  };
}

async function capturingChild() {
  for (;;) {
    const list = fs.readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8');
    for (const pid of list.split(' ').filter(Boolean)) {
      if (fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('heapdiff-child'))
        return Number(pid);
    }
    await setTimeout(1);
  }
}

async function main() {
  const rows = [];
  const rounds = (when) => {
    for (let round = 0; round < ROUNDS; round += 1) rows.push(collect(when));
  };
  globalThis.gc();
  rounds('alone');
  const stream = snapshotStream({ mode: 'fork', force: true });
  // Its error is the end that the child gets below.
  const ended = new Promise((resolve) => stream.once('error', resolve));
  stream.resume();
  const child = await capturingChild();
  process.kill(child, 'SIGSTOP');
  rounds('beside a child');
  process.kill(child, 'SIGKILL');
  await ended;
  rounds('alone again');
  console.table(rows);
}

main();
