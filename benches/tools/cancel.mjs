// How long heapdiff goes on after it was told to stop, and what it keeps: aborts at twenty moments, from the first to the last.
import { createRequire } from 'node:module';
import { finish, wanted } from './contract.mjs';

const { diffSnapshots } = createRequire(import.meta.url)('../../index.js');

const MOMENTS = 20;

const started = performance.now();
await diffSnapshots(wanted.base, wanted.current);
const diffMs = performance.now() - started;

/** Milliseconds from the abort to the rejection; nothing if the report was there first. */
async function cancelAfter(delayMs) {
  const controller = new AbortController();
  let aborted = 0;
  const timer = setTimeout(() => {
    aborted = performance.now();
    controller.abort();
  }, delayMs);
  try {
    await diffSnapshots(wanted.base, wanted.current, { signal: controller.signal });
    clearTimeout(timer);
  } catch (error) {
    if (error.name !== 'AbortError') throw error;
    return performance.now() - aborted;
  }
}

const residentBefore = process.memoryUsage.rss();
const latencies = [];
for (let moment = 0; moment < MOMENTS; moment += 1) {
  const latency = await cancelAfter(((moment + 0.5) / MOMENTS) * diffMs);
  if (latency !== undefined) latencies.push(latency);
}
latencies.sort((a, b) => a - b);
finish(() => ({}), {
  cancel: {
    diffMs,
    aborted: latencies.length,
    medianMs: latencies[latencies.length >> 1],
    maxMs: latencies.at(-1),
    residentGrowth: process.memoryUsage.rss() - residentBefore,
  },
});
