'use strict';

// Captures: V8 writes into one end of a pipe, here or in a forked child, and a native job reads the
// other.

const { setTimeout } = require('node:timers/promises');
// Taken now, so that nobody who patches the module later gets between V8 and the pipe.
const { writeHeapSnapshot } = require('node:v8');
const { HeapdiffError, settled } = require('./errors');
const { admit } = require('./estimate');
const { Watch } = require('./job');
const { native, nativeCapture } = require('./native');
const { currentIsolateId, forgetIds } = require('./node-ids');

/** @typedef {import('./capture-options').CaptureOptions} CaptureOptions */
/** @typedef {import('./native-binding').Capture} Capture */
/** @typedef {import('./native-binding').CaptureSlot} CaptureSlot */
/** @typedef {import('./native-binding').MayFork} MayFork */
/** @typedef {import('./native-binding').Job} Job */

/**
 * @template T
 * @typedef {import('./native-binding').Settled<T>} Settled
 */

/**
 * @typedef {object} Walk How V8 went through the heap.
 * @property {'inline' | 'fork'} mode
 * @property {number} pauseMs How long the event loop stood still.
 * @property {string} isolateId
 * @property {unknown} [error] What V8 threw.
 * @property {import('../index').SnapshotInfo['fork']} [fork] What the pause of a fork consisted of.
 */

/**
 * @typedef {object} Circumstances
 * @property {string} takenAt When V8 began.
 * @property {string | null} whyNoFork Why it is inline, where a fork would have been better.
 * @property {string[]} shortcomings Which precautions the child had to do without.
 */

/**
 * A child can fail by bad luck: see the Rust module `capture::fork`. So a fork waits for a good
 * moment, without stopping the event loop: so many times so long, and then it goes ahead.
 */
const MOMENTS = 40;
const MOMENT_MS = 5;
/** Memory that stays after a capture without being worth a word: this share, or this much. */
const KEPT_SHARE = 0.2;
const KEPT_BYTES = 32 * 1024 * 1024;
/** V8's table of ids takes at most about so much for each node. */
const BYTES_PER_ID = 80;

let forks = 0;

/**
 * Captures the live heap of this thread's isolate straight into a native job.
 *
 * @template T
 * @param {CaptureOptions} options
 * @param {import('./job').Watch} watch The watch of the whole call.
 * @param {() => Promise<(input: import('./native-binding').Input) => Promise<T>>} prepareReader
 *   Resolves to a function that starts the job which reads the capture: synchronously, so that it
 *   reads while V8 writes. Called once per attempt.
 * @returns {Promise<{ value: T, takenAt: string, captureMs: number, pauseMs: number }>}
 *   What the job resolved to, and how the capture went.
 */
async function captureLive(options, watch, prepareReader) {
  const { value, walk, captureMs } = await capture(options, watch, {
    prepare: (...step) => native().prepareStream(...step),
    prepareReader: async () => {
      const read = await prepareReader();
      return (capture) => read(capture.toInput());
    },
  });
  return { value, takenAt: walk.takenAt, captureMs, pauseMs: walk.pauseMs };
}

/**
 * Captures the live heap of this thread's isolate into a file.
 *
 * @param {string} path Absolute.
 * @param {{ exclusive: boolean, gzipLevel: number | undefined, capture: CaptureOptions }} options
 * @param {import('./job').Watch} watch
 */
async function captureFile(path, { exclusive, gzipLevel, capture: options }, watch) {
  const {
    value: file,
    walk,
    failedAttempts,
  } = await capture({ ...options, gzipLevel }, watch, {
    prepare: (...step) =>
      native().prepareFile(...step, path, exclusive, toOutlet(gzipLevel, options)),
    prepareReader: async () => (capture) => watch.run((job) => native().writeFile(job, capture)),
  });
  return describe(file, walk, failedAttempts);
}

/**
 * Captures the live heap of this thread's isolate into a digest: no snapshot is on a disk at any
 * time.
 *
 * @param {string} path Absolute.
 * @param {{ exclusive: boolean, capture: CaptureOptions }} options
 * @param {import('./job').Watch} watch
 */
async function captureDigest(path, { exclusive, capture: options }, watch) {
  const outlet = options.redact ? toOutlet(undefined, options) : undefined;
  const {
    value: file,
    walk,
    failedAttempts,
  } = await capture(options, watch, {
    prepare: (...step) => native().prepareStream(...step),
    prepareReader: async () => (capture, takenAt) =>
      watch.run((job) =>
        native().writeDigest(job, capture.toInput(outlet), path, exclusive, takenAt),
      ),
  });
  return describe(file, walk, failedAttempts);
}

/**
 * @typedef {object} PulledCapture A capture that is read block by block.
 * @property {() => Promise<Buffer | null>} pull The next block, null at the end.
 * @property {() => void} close Ends it, whether it is done or not.
 */

/**
 * Captures the live heap of this thread's isolate to be read block by block.
 *
 * @param {{ gzipLevel: number | undefined, capture: CaptureOptions }} options
 * @param {import('./job').Watch} watch
 * @returns {Promise<PulledCapture>}
 */
async function capturePulled({ gzipLevel, capture: options }, watch) {
  const outlet = toOutlet(gzipLevel, options);
  // A child waits in the pipe for a slow reader. Inline, all of it has to be put aside first, so
  // `auto` prefers the child.
  const preferred = { ...options, gzipLevel, preferFork: true };
  /** @type {Capture | undefined} */
  let kept;
  const { value: pull } = await capture(preferred, watch, {
    prepare: (...step) => native().prepareStream(...step),
    prepareReader: async () => async (capture) => {
      await quietly(watch).run((job) => native().beginPull(job, capture, outlet));
      const next = async () => {
        const block = await quietly(watch).run((job) => native().pull(job, capture));
        return block && block.memory.subarray(0, block.length);
      };
      // The first block shows whether the child has come through.
      let first = /** @type {Buffer | null | undefined} */ (await next());
      kept = capture;
      return async () => {
        if (first === undefined) return next();
        const block = first;
        first = undefined;
        return block;
      };
    },
    keepOpen: true,
  });
  return { pull, close: () => kept?.close() };
}

/**
 * @param {number | undefined} gzipLevel
 * @param {CaptureOptions} options
 */
function toOutlet(gzipLevel, { redact }) {
  return { gzipLevel, redact: redact !== null, salt: redact?.salt };
}

/**
 * @template T
 * @typedef {object} Steps What differs between captures.
 * @property {(job: Job, slot: CaptureSlot, mayFork: MayFork) => Promise<Settled<Capture>>} prepare
 * @property {() => Promise<(capture: Capture, takenAt: string) => Promise<T>>} prepareReader
 * @property {boolean} [keepOpen] Whether a capture that went well is closed by somebody else.
 */

/**
 * @template T
 * @param {CaptureOptions} options
 * @param {import('./job').Watch} watch
 * @param {Steps<T>} steps
 * @returns {Promise<{ value: T, walk: Walk & Circumstances, captureMs: number, failedAttempts: string[] }>}
 */
async function capture(options, watch, steps) {
  // At once, so that of two calls the first one captures, and none comes between two tries.
  const slot = settled(nativeCapture().takeSlot());
  try {
    return await captureWith(slot, options, watch, steps);
  } finally {
    slot.release();
  }
}

/**
 * @template T
 * @param {CaptureSlot} slot
 * @param {CaptureOptions} options
 * @param {import('./job').Watch} watch
 * @param {Steps<T>} steps
 */
async function captureWith(slot, options, watch, steps) {
  const { mode, maxMemoryBytes } = await admit(options, quietly(watch));
  // What `auto` has chosen may still turn out not to be possible here.
  const mayFork = mode === 'inline' ? 'no' : options.mode === 'auto' ? 'if-possible' : 'only';
  const failedAttempts = [];
  for (;;) {
    const startReader = await steps.prepareReader();
    const capture = await prepare(watch, (job) => steps.prepare(job, slot, mayFork));
    let done = false;
    try {
      // What was predicted for a fork does not hold for what takes its place.
      if (mode === 'fork' && !capture.canFork) {
        await admit({ ...options, mode: 'inline' }, quietly(watch));
      }
      const allowed = { ...options, maxMemoryBytes };
      const result = await attempt(capture, allowed, watch, startReader);
      done = true;
      return { ...result, failedAttempts };
    } catch (error) {
      if (failedAttempts.length >= capture.retries) throw error;
      failedAttempts.push(/** @type {Error} */ (error).message);
    } finally {
      if (!done || !steps.keepOpen) capture.close();
    }
  }
}

/**
 * @template T
 * @param {Capture} capture
 * @param {CaptureOptions} options
 * @param {import('./job').Watch} watch
 * @param {(capture: Capture, takenAt: string) => Promise<T>} startReader
 */
async function attempt(capture, options, watch, startReader) {
  checkPermission(capture.path);
  if (capture.canFork) await goodMoment(capture, watch);
  const { whyNoFork } = capture;
  const takenAt = new Date().toISOString();
  const forked = capture.canFork ? walkForked(capture, options, watch) : undefined;
  const reading = startReader(capture, takenAt);
  const walk = { ...(forked ?? walkInline(capture, options)), takenAt, whyNoFork };
  try {
    const value = await reading;
    const captureMs = Math.max(capture.endedAfterMs ?? walk.pauseMs, walk.pauseMs);
    return { value, walk: { ...walk, shortcomings: capture.shortcomings }, captureMs };
  } catch (error) {
    throw whoseFault(error, walk);
  }
}

/**
 * Node's own words do not say which path it is, and those of a child do not come here.
 *
 * @param {string} path What V8 will open.
 */
function checkPermission(path) {
  if (process.permission?.has('fs.write', path) ?? true) return;
  const message =
    `V8 could not write the snapshot: Node's permission model does not allow it to open ${path}, ` +
    'the pipe of the capture. Use --allow-fs-write=/proc/self/fd/* to allow that';
  throw new HeapdiffError({ code: 'ERR_CAPTURE_FAILED', message });
}

/**
 * @param {Capture} capture
 * @param {import('./job').Watch} watch
 */
async function goodMoment(capture, watch) {
  for (let moment = 0; moment < MOMENTS && !capture.isGoodMoment(); moment++) {
    await setTimeout(MOMENT_MS);
    watch.checkpoint();
  }
}

/**
 * @param {import('./job').Watch} watch
 * @param {(job: Job) => Promise<Settled<Capture>>} start
 * @returns {Promise<Capture>}
 */
function prepare(watch, start) {
  return quietly(watch).run(start);
}

/**
 * @param {import('./job').Watch} watch
 * @returns {import('./job').Watch} For a step of the same call whose progress is none of the caller's.
 */
function quietly(watch) {
  return new Watch({ signal: watch.options.signal, timeoutMs: remainingMs(watch) });
}

/**
 * @param {import('./job').Watch} watch
 * @returns {number | undefined}
 */
function remainingMs(watch) {
  watch.checkpoint();
  const { timeoutMs } = watch.options;
  return timeoutMs === undefined ? undefined : Math.max(timeoutMs - watch.elapsedMs(), 1);
}

/**
 * A copy-on-write child walks the heap. This thread stands still for the fork alone.
 *
 * @param {Capture} capture
 * @param {CaptureOptions} options
 * @param {import('./job').Watch} watch
 * @returns {Walk}
 */
function walkForked(capture, options, watch) {
  const limitMs = remainingMs(watch);
  forks += 1;
  // Ids that V8 gives out in a child die with it, so snapshots of two children do not compare by id.
  const isolateId = `${currentIsolateId()}-fork-${forks}`;
  const startedAt = performance.now();
  const { maxMemoryBytes = Number.MAX_SAFE_INTEGER, v8 } = options;
  const forked = capture.fork(writeHeapSnapshot, v8, maxMemoryBytes, limitMs);
  const pauseMs = performance.now() - startedAt;
  if (forked.failure) throw new HeapdiffError(forked.failure);
  const { mappings, letInMs: findMs, forkMs, restoreMs } = forked;
  const fork = { mappings, findMs, forkMs, restoreMs };
  return { mode: 'fork', pauseMs, isolateId, fork };
}

/**
 * V8 walks the heap on this thread, which stands still meanwhile.
 *
 * @param {Capture} capture
 * @param {CaptureOptions} options
 * @returns {Walk}
 */
function walkInline(capture, options) {
  const startedAt = performance.now();
  /** @type {{ error?: unknown }} */
  const outcome = {};
  const isolateId = currentIsolateId();
  try {
    if (capture.waitForReader()) writeHeapSnapshot(capture.path, options.v8);
  } catch (error) {
    outcome.error = error;
  }
  // Before the reader sees the end, and gives memory back.
  if (!options.keepIds) forgetIds();
  const pauseMs = performance.now() - startedAt;
  capture.closeWriter('error' in outcome);
  return { mode: 'inline', pauseMs, isolateId, ...outcome };
}

/**
 * The reader failed. If it is because V8 did not write a whole snapshot, then what V8 said is the
 * better reason; if V8 failed because the reader had gone, the reader's is.
 *
 * @param {any} error What the reader failed with.
 * @param {Walk} walk
 */
function whoseFault(error, walk) {
  const incomplete = ['ERR_TRUNCATED_SNAPSHOT', 'ERR_INVALID_SNAPSHOT'].includes(error?.code);
  // An error with an offset in the baseline of a diff looks the same. Only when V8 said something
  // too is it certain.
  if (!incomplete || walk.error === undefined) return error;
  const cause = /** @type {NodeJS.ErrnoException} */ (walk.error);
  if (cause.code === 'EPIPE') return error;
  const message = `V8 could not write the snapshot: ${cause.message}`;
  const { errno, syscall } = cause;
  const code = typeof syscall === 'string' && cause.code ? cause.code : 'ERR_CAPTURE_FAILED';
  return new HeapdiffError({ code, message, errno, syscall }, { cause });
}

/**
 * @template {import('./native-binding').WrittenFile} F
 * @param {F} file
 * @param {Walk & Circumstances} walk
 * @param {string[]} failedAttempts Why each failed.
 */
function describe(file, walk, failedAttempts) {
  const again = failedAttempts.map((why) => `One more attempt was needed: ${why}.`);
  const instead = walk.whyNoFork ? [`The event loop stood still: ${walk.whyNoFork}.`] : [];
  const kept = walk.mode === 'inline' ? keptMemory(file) : [];
  const warnings = [...again, ...instead, ...walk.shortcomings, ...kept];
  return { file, walk, attempts: again.length + 1, isolateId: walk.isolateId, warnings };
}

/**
 * For inline captures: after a fork, what has come is the service's own.
 *
 * @param {import('./native-binding').WrittenFile} file
 * @returns {string[]} A warning where memory stays.
 */
function keptMemory({ rss: { before, after }, nodeCount }) {
  const kept = after - before;
  if (kept <= Math.max(before * KEPT_SHARE, KEPT_BYTES)) return [];
  const why =
    kept <= nodeCount * BYTES_PER_ID
      ? 'V8 keeps the ids of the objects, by which later snapshots are compared; the option ' +
        '`keepIds: false` lets it forget them.'
      : 'A sampling heap profiler in this process, or an allocator other than that of glibc, can ' +
        'be why.';
  return [`${Math.round(kept / 1e6)} MB more are resident than before the capture. ${why}`];
}

module.exports = { captureDigest, captureFile, captureLive, capturePulled };
