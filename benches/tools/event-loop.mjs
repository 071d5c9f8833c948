// How long the event loop stands still while heapdiff compares two files.
import { createRequire } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { finish, wanted } from './contract.mjs';

const { diffSnapshots } = createRequire(import.meta.url)('../../index.js');

const RESOLUTION_MS = 1;
let ticks = 0;
const timer = setInterval(() => (ticks += 1), 5);
await new Promise((resolve) => setTimeout(resolve, 200)); // Past the start of the process itself.
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
ticks = 0;
const started = performance.now();
await diffSnapshots(wanted.base, wanted.current);
const milliseconds = performance.now() - started;
delay.disable();
clearInterval(timer);
// The histogram counts the sampling interval itself as delay.
const ms = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
finish(() => ({}), {
  eventLoop: {
    diffMs: milliseconds,
    maxMs: ms(delay.max),
    p99Ms: ms(delay.percentile(99)),
    medianMs: ms(delay.percentile(50)),
    timersFired: ticks,
  },
});
