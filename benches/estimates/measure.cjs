'use strict';

/**
 * One heap in a process of its own: what is predicted, and what a capture takes.
 *
 *     node --expose-gc measure.cjs KIND inline|fork SCALE
 */

const fs = require('node:fs');
const { setTimeout: pause } = require('node:timers/promises');
const { estimateCapture, writeSnapshot } = require('../../index.js');
const kinds = require('./kinds.cjs');

const [kind, mode, scale] = process.argv.slice(2);
const [count, make] = kinds[kind];

async function main() {
  globalThis.heap = await make(Math.max(Math.round(count * Number(scale)), 1));
  // Nothing of how it was made is on the stack any more.
  await pause(20);
  globalThis.gc();
  // V8 gives large arrays back in the background, and until then they look as if in use.
  await pause(100);
  const { predictedPeakBytes, predictedPauseMs, heapBytes } = estimateCapture({ mode });
  // The kernel's mark then is the peak of the capture, and not that of making the heap.
  fs.writeFileSync('/proc/self/clear_refs', '5');
  const startedAt = performance.now();
  const { rss } = await writeSnapshot('/dev/null', { mode, force: true });
  const took = performance.now() - startedAt;
  const truth = rss.peak - rss.before;
  console.log(JSON.stringify({ heapBytes, predictedPeakBytes, predictedPauseMs, took, truth }));
  process.exit();
}

void main();
