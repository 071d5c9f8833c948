#!/usr/bin/env node
// What `estimateCapture()` predicts of heaps of many kinds, beside what a capture takes.
//
//     npm run bench:estimates [-- --nodes=20,22,24,26 --modes=inline,fork --scale=1 --only=REGEXP]
//
// Each heap is made and captured in a process of its own. Inline, the truth is the growth of the resident set to its peak, which
// the kernel keeps (`VmHWM`); by fork it is that with what the child has for itself, at the most of what the capture saw of it
// and what was seen from here. The command fails where a prediction is below the truth, or above twice the truth and that is
// more than 64 MB: below that V8's fixed costs decide.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const kinds = require('./estimates/kinds.cjs');
const { nodeBinary } = require('../scripts/node-versions.js');

const FACTOR = 2;
const FLOOR_BYTES = 64e6;
/** How often a child is looked at from here. */
const LOOK_MS = 20;

const { values } = parseArgs({
  options: {
    nodes: { type: 'string' },
    modes: { type: 'string', default: 'inline,fork' },
    scale: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
  },
});
const binaries = values.nodes
  ? values.nodes.split(',').map((major) => nodeBinary(Number(major)))
  : [process.execPath];
const only = new RegExp(values.only);

const width = Math.max(...Object.keys(kinds).map((kind) => kind.length));
console.log(
  [
    'node',
    'mode  ',
    'kind'.padEnd(width),
    'heap MB',
    'predicted',
    'true MB',
    'ratio',
    'seconds',
  ].join('  '),
);
for (const binary of binaries) {
  for (const mode of values.modes.split(',')) {
    for (const kind of Object.keys(kinds).filter((name) => only.test(name))) {
      await report(binary, mode, kind);
    }
  }
}

/**
 * @param {string} binary
 * @param {string} mode
 * @param {string} kind
 */
async function report(binary, mode, kind) {
  const measured = await measure(binary, mode, kind);
  if (measured === null) {
    process.exitCode = 1;
    return;
  }
  const { version, heapBytes, predictedPeakBytes, truth, took } = measured;
  const ratio = predictedPeakBytes / truth;
  const isHigh = predictedPeakBytes > FACTOR * Math.max(truth, FLOOR_BYTES);
  const isBad = ratio < 1 || isHigh;
  if (isBad) process.exitCode = 1;
  const megabytes = (bytes, columns) => (bytes / 1e6).toFixed(1).padStart(columns);
  const cells = [
    version.padStart(4),
    mode.padEnd(6),
    kind.padEnd(width),
    megabytes(heapBytes, 7),
    megabytes(predictedPeakBytes, 9),
    megabytes(truth, 7),
    ratio.toFixed(2).padStart(5),
    (took / 1000).toFixed(1).padStart(7),
    isBad ? (ratio < 1 ? 'TOO LOW' : 'too high') : '',
  ];
  console.log(cells.join('  ').trimEnd());
}

/**
 * @param {string} binary
 * @param {string} mode
 * @param {string} kind
 */
async function measure(binary, mode, kind) {
  const program = path.join(import.meta.dirname, 'estimates', 'measure.cjs');
  const args = ['--expose-gc', '--max-old-space-size=8000', program, kind, mode, values.scale];
  const measured = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  measured.stdout.setEncoding('utf8').on('data', (text) => (output += text));
  let seen = 0;
  let looking = setTimeout(look, LOOK_MS);
  function look() {
    const begun = performance.now();
    seen = Math.max(seen, childBytes(measured.pid));
    // The kernel walks the page tables for it: a tenth of the time at most.
    looking = setTimeout(look, LOOK_MS + 10 * (performance.now() - begun));
  }
  const code = await new Promise((resolve) => measured.once('close', resolve));
  clearTimeout(looking);
  if (code !== 0) {
    console.log(`${kind}, ${mode}: ended with ${code}`);
    return null;
  }
  const answer = JSON.parse(output);
  return {
    ...answer,
    version: /\/(\d+)\//.exec(binary)?.[1] ?? '',
    truth: Math.max(answer.truth, seen),
  };
}

/**
 * What the children of a process have for themselves alone.
 *
 * @param {number} pid
 */
function childBytes(pid) {
  try {
    const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    return Math.max(...children.filter(Boolean).map(privateBytes));
  } catch {
    return 0;
  }
}

/** @param {string} pid */
function privateBytes(pid) {
  const text = fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const lines = text.matchAll(/^Private_\w+:\s+(\d+) kB/gm);
  return [...lines].reduce((sum, [, kilobytes]) => sum + Number(kilobytes) * 1024, 0);
}
