#!/usr/bin/env node
// What a slow reader of a snapshot stream of about 200 MB costs the process, beyond what V8 takes itself.
//
//     npm run bench:stream [-- fork | inline]
//
// The reader takes a block every other millisecond. With each, the resident set is looked at, with V8's own memory and without, and
// compared with that at the first; the smaller growth counts, as V8 may keep for itself what it does not count any more: in fork mode the child is walking then, and inline V8 is done. The command fails if it grew by more than it may.

import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { SIZES } from './files.mjs';

const require = createRequire(import.meta.url);
const { snapshotStream } = require('../index.js');
const startService = require('./service.cjs');

/** What it may cost. */
const LIMIT_BYTES = 16e6;
const modes = process.argv.length > 2 ? process.argv.slice(2) : ['fork', 'inline'];

globalThis.service = startService(SIZES.medium);
const rows = [];
for (const mode of modes) {
  let bytes = 0;
  /** @type {{ rss: number, beyondV8: number } | undefined} */
  let first;
  let [most, mostBeyondV8] = [0, 0];
  const slow = new Writable({
    write(block, _, done) {
      bytes += block.length;
      const rss = process.memoryUsage.rss();
      const beyondV8 = rss - getHeapStatistics().total_physical_size;
      first ??= { rss, beyondV8 };
      const grown = rss - first.rss;
      most = Math.max(most, grown);
      mostBeyondV8 = Math.max(mostBeyondV8, Math.min(grown, beyondV8 - first.beyondV8));
      setTimeout(2).then(() => done());
    },
  });
  const startedAt = performance.now();
  await pipeline(snapshotStream({ mode, force: true }), slow);
  const megabytes = (number) => Math.round(number / 1e5) / 10;
  rows.push({
    mode,
    'stream MB': megabytes(bytes),
    seconds: Math.round((performance.now() - startedAt) / 1000),
    'at first MB': megabytes(first.rss),
    'grew by MB': megabytes(most),
    "beyond V8's MB": megabytes(mostBeyondV8),
    'may be MB': megabytes(LIMIT_BYTES),
  });
  if (mostBeyondV8 > LIMIT_BYTES) process.exitCode = 1;
}
console.table(rows);
