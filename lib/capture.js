'use strict';

// Captures: V8 writes into one end of a pipe, and a native job reads the other.

// Taken now, so that nobody who patches the module later gets between V8 and the pipe.
const { writeHeapSnapshot } = require('node:v8');
const { threadId } = require('node:worker_threads');
const { checkCaptureOptions } = require('./capture-options');
const { HeapdiffError } = require('./errors');
const { Watch } = require('./job');
const { native } = require('./native');

/** @typedef {import('./capture-options').CaptureOptions} CaptureOptions */
/** @typedef {import('./native-binding').Capture} Capture */

/**
 * @typedef {object} Walk How V8 went through the heap.
 * @property {'inline' | 'fork'} mode
 * @property {string} takenAt When it began.
 * @property {number} pauseMs How long the event loop stood still.
 * @property {number} captureMs Until V8 had written its last byte.
 * @property {number} attempts
 * @property {unknown} [error] What V8 threw.
 */

/** Memory that stays after a capture without being worth a word: this share, or this much. */
const KEPT_SHARE = 0.2;
const KEPT_BYTES = 32 * 1024 * 1024;

/**
 * Captures the live heap of this thread's isolate straight into a native job.
 *
 * @template T
 * @param {Record<string, unknown>} options The `CaptureOptions`, unchecked.
 * @param {import('./job').Watch} watch The watch of the whole call.
 * @param {(input: import('./native-binding').Input) => Promise<T>} consume Starts the job that
 *   reads the capture from `input`: synchronously, so that it reads while V8 writes.
 * @returns {Promise<{ value: T, takenAt: string, captureMs: number, pauseMs: number, warnings?: string[] }>}
 *   What the job resolved to, and how the capture went.
 */
async function captureLive(options, watch, consume) {
  const checked = checkCaptureOptions(options);
  const capture = await prepare(watch, (job) => native().prepareStream(job));
  const { value, walk } = await run(capture, checked, () => consume(capture.toInput()));
  const { takenAt, captureMs, pauseMs } = walk;
  return { value, takenAt, captureMs, pauseMs };
}

/**
 * Captures the live heap of this thread's isolate into a file.
 *
 * @param {string} path Absolute.
 * @param {{ exclusive: boolean, gzipLevel: number | undefined, capture: CaptureOptions }} options
 * @param {import('./job').Watch} watch
 */
async function captureFile(path, { exclusive, gzipLevel, capture: options }, watch) {
  const capture = await prepare(watch, (job) =>
    native().prepareFile(job, path, exclusive, gzipLevel),
  );
  const { value: file, walk } = await run(capture, options, () =>
    watch.run((job) => native().writeFile(job, capture)),
  );
  return { file, walk, isolateId: native().isolateId(threadId), warnings: keptMemory(file.rss) };
}

/**
 * @param {import('./job').Watch} watch
 * @param {(job: import('./native-binding').Job) => ReturnType<typeof import('./native-binding').prepareStream>} start
 * @returns {Promise<Capture>}
 */
function prepare(watch, start) {
  const { signal, timeoutMs } = watch.options;
  // Progress is that of the capture. Opening files has none.
  const opening = new Watch({ signal, timeoutMs: remaining(timeoutMs, watch) });
  return opening.run(start);
}

/**
 * @param {number | undefined} timeoutMs
 * @param {import('./job').Watch} watch
 */
function remaining(timeoutMs, watch) {
  watch.checkpoint();
  return timeoutMs === undefined ? undefined : timeoutMs - watch.elapsedMs();
}

/**
 * Starts the reader, lets V8 write, and waits for what the reader made of it.
 *
 * @template T
 * @param {Capture} capture
 * @param {CaptureOptions} options
 * @param {() => Promise<T>} startReader
 * @returns {Promise<{ value: T, walk: Walk }>}
 */
async function run(capture, options, startReader) {
  try {
    const reading = startReader();
    const walk = walkInline(capture, options);
    try {
      return { value: await reading, walk };
    } catch (error) {
      throw whoseFault(error, walk);
    }
  } finally {
    capture.close();
  }
}

/**
 * V8 walks the heap on this thread, which stands still meanwhile.
 *
 * @param {Capture} capture
 * @param {CaptureOptions} options
 * @returns {Walk}
 */
function walkInline(capture, options) {
  const takenAt = new Date().toISOString();
  const startedAt = performance.now();
  /** @type {{ error?: unknown }} */
  const outcome = {};
  try {
    if (capture.waitForReader()) writeHeapSnapshot(capture.path, options.v8);
  } catch (error) {
    outcome.error = error;
  }
  const pauseMs = performance.now() - startedAt;
  capture.closeWriter();
  return { mode: 'inline', takenAt, pauseMs, captureMs: pauseMs, attempts: 1, ...outcome };
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
 * @param {{ before: number, after: number }} rss
 * @returns {string[]} A warning where memory stays that should not.
 */
function keptMemory({ before, after }) {
  if (after - before <= Math.max(before * KEPT_SHARE, KEPT_BYTES)) return [];
  const megabytes = Math.round((after - before) / 1e6);
  return [
    `${megabytes} MB more are resident than before the capture. A sampling heap profiler in this ` +
      'process, or an allocator other than that of glibc, can be why.',
  ];
}

module.exports = { captureFile, captureLive };
