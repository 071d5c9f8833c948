#!/usr/bin/env node
// What a slow reader of a snapshot stream of about 200 MB costs the process, beyond what V8 takes itself.
//
//     npm run bench:stream [-- fork | inline]
//
// The reader takes a block every other millisecond. With each, the resident set is looked at, and compared with that at the first: in
// fork mode the child is walking then, and inline V8 is done.

import { createRequire } from 'node:module';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout } from 'node:timers/promises';
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
  let [bytes, most] = [0, 0];
  /** @type {number | undefined} */
  let first;
  const slow = new Writable({
    write(block, _, done) {
      bytes += block.length;
      const { rss } = process.memoryUsage();
      first ??= rss;
      most = Math.max(most, rss);
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
    'at first MB': megabytes(first),
    'grew by MB': megabytes(most - first),
    'may grow by MB': megabytes(LIMIT_BYTES),
  });
  if (most - first > LIMIT_BYTES) process.exitCode = 1;
}
console.table(rows);
