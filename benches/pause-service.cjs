'use strict';

/**
 * A server with the heap of `service.cjs`, which captures it when its parent says so.
 *
 *     node pause-service.cjs SESSIONS
 */

const { once } = require('node:events');
const http = require('node:http');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { setTimeout } = require('node:timers/promises');
const { writeHeapSnapshot } = require('node:v8');
const { writeSnapshot } = require('../index.js');
const { Watch } = require('../lib/job.js');
const { native } = require('../lib/native.js');
const startService = require('./service.cjs');

/** How often the event loop is asked whether it is late. */
const RESOLUTION_MS = 1;
/** How often to look for a good moment to fork: see lib/capture.js. */
const MOMENTS = 40;
const FELT_MS = 500;
const IDLE_MS = 5000;
const V8_OPTIONS = { exposeInternals: false, exposeNumericValues: false };

globalThis.service = startService(Number(process.argv[2]));

const server = http.createServer((request, response) => {
  const body = Array.from({ length: 50 }, (_, i) => ({ i, url: request.url }));
  response.end(JSON.stringify(body));
});

/** How long the event loop was away at most while `work` was going on, in milliseconds. */
async function standstill(work) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  // So that the first expected tick lies before the work.
  await setTimeout(20);
  delay.reset();
  const result = await work();
  // The tick that a standstill at the very end held up.
  await setTimeout(20);
  delay.disable();
  return { result, loopMs: delay.max / 1e6 };
}

/**
 * The pause alone: forks as a capture does, and ends the child once the service has felt it for a while. A whole capture of a
 * large heap takes the better part of a minute.
 */
async function forkOnly() {
  const { value: slot } = native().takeSlot();
  const capture = await new Watch({}).run((job) => native().prepareStream(job, slot, 'only'));
  try {
    for (let moment = 0; moment < MOMENTS && !capture.isGoodMoment(); moment += 1) {
      await setTimeout(5);
    }
    const startedAt = performance.now();
    const forked = capture.fork(writeHeapSnapshot, V8_OPTIONS, Number.MAX_SAFE_INTEGER);
    const pauseMs = performance.now() - startedAt;
    if (forked.failure) throw new Error(forked.failure.message);
    await setTimeout(FELT_MS);
    const { mappings, letInMs: findMs, forkMs, restoreMs } = forked;
    return { pauseMs, fork: { mappings, findMs, forkMs, restoreMs } };
  } finally {
    capture.close();
    slot.release();
  }
}

const WORKS = {
  idle: () => setTimeout(IDLE_MS),
  'fork only': forkOnly,
  fork: () => writeSnapshot('/dev/null', { mode: 'fork', force: true }),
  inline: () => writeSnapshot('/dev/null', { mode: 'inline', force: true }),
};

process.on('message', async (work) => {
  const { result, loopMs } = await standstill(WORKS[work]);
  const { heapUsed, rss } = process.memoryUsage();
  process.send({ info: result, loopMs, heapBytes: heapUsed, rssBytes: rss });
});

once(server.listen(0, '127.0.0.1'), 'listening').then(() =>
  process.send({ port: server.address().port }),
);
