'use strict';

const { AsyncResource } = require('node:async_hooks');
const { types } = require('node:util');
const { HeapdiffError, abortError, timeoutError } = require('./errors');
const { native } = require('./native');

/** @typedef {import('../index').Progress} Progress */
/** @typedef {import('../index').JobOptions} JobOptions */

/**
 * The stopwatch, the signal and the progress callback of one call of the API, which may consist
 * of several steps in JavaScript and one native job.
 */
class Watch {
  /** @param {JobOptions} options Checked ones. */
  constructor(options) {
    const { onProgress } = options;
    // A native thread calls it, in no context of the program: it gets that of whoever made the call.
    this.options = onProgress
      ? { ...options, onProgress: AsyncResource.bind(onProgress) }
      : options;
    this.startedAt = performance.now();
    /** @type {Record<string, Progress>} The furthest that was told of each phase. */
    this.told = {};
  }

  /** @returns {number} Milliseconds since the call began. */
  elapsedMs() {
    return performance.now() - this.startedAt;
  }

  /**
   * Between two steps: stops the call if it has to stop.
   *
   * @throws {HeapdiffError} `ABORT_ERR`, `ERR_TIMEOUT`
   */
  checkpoint() {
    const { signal, timeoutMs } = this.options;
    if (signal?.aborted) throw abortError(signal);
    if (timeoutMs !== undefined && this.elapsedMs() >= timeoutMs) throw timeoutError();
  }

  /**
   * Starts the native job and waits for it.
   *
   * @template T
   * @param {(job: import('./native-binding').Job) => Promise<import('./native-binding').Settled<T>>} start
   *   Called at once, synchronously.
   * @returns {Promise<T>}
   * @throws {HeapdiffError} The failure of the job.
   * @throws What `onProgress` threw: that stops the job.
   */
  async run(start) {
    this.checkpoint();
    const { signal, timeoutMs, onProgress } = this.options;
    let settled = false;
    /** @type {{ error: unknown } | undefined} */
    let thrown;
    const report = (/** @type {Progress} */ progress, isEnd = false) => {
      const { phase } = progress;
      // A run that repeats an earlier one of the same call begins anew.
      const told = isEnd ? progress : notBelow(progress, this.told[phase]);
      if (told === undefined) return;
      this.told[phase] = told;
      tell(onProgress, told, (error) => {
        thrown ??= { error };
        job.cancel();
      });
    };
    const job = new (native().Job)(
      timeoutMs === undefined ? undefined : Math.max(timeoutMs - this.elapsedMs(), 0),
      // A report can still be on its way when the job has ended.
      onProgress && ((...args) => settled || thrown || report(toProgress(...args))),
    );
    const onAbort = () => job.cancel();
    signal?.addEventListener('abort', onAbort, { once: true });
    let outcome;
    try {
      outcome = await start(job);
    } finally {
      settled = true;
      signal?.removeEventListener('abort', onAbort);
    }
    if (outcome.failure === undefined && onProgress !== undefined && !thrown) {
      // Reports are dropped while the event loop is busy, the last one not.
      const { phase, bytes } = job.reached ?? { phase: 'analyze', bytes: 0 };
      report(toProgress(phase, bytes, bytes), true);
      // An asynchronous listener that fails at once has done so by then.
      await undefined;
    }
    if (thrown) throw thrown.error;
    if (outcome.failure === undefined) return outcome.value;
    if (outcome.failure.code === 'ABORT_ERR' && signal?.aborted) throw abortError(signal);
    throw new HeapdiffError(outcome.failure);
  }
}

/**
 * Calls a listener, which may be asynchronous: what it rejects with is the caller's as well.
 *
 * @param {JobOptions['onProgress']} onProgress
 * @param {Progress} progress
 * @param {(error: unknown) => void} onError What is done if it fails.
 */
function tell(onProgress, progress, onError) {
  try {
    const answer = /** @type {unknown} */ (onProgress?.(progress));
    if (types.isPromise(answer)) answer.catch(onError);
  } catch (error) {
    onError(error);
  }
}

/**
 * Progress never goes back.
 *
 * @param {Progress} progress
 * @param {Progress} [floor] What was told before.
 * @returns {Progress | undefined} What may be told; nothing while it has less to say.
 */
function notBelow(progress, floor) {
  if (floor === undefined) return progress;
  if (progress.bytes < floor.bytes) return undefined;
  if (progress.percent === undefined || floor.percent === undefined) return progress;
  return { ...progress, percent: Math.max(progress.percent, floor.percent) };
}

/**
 * @param {string} phase
 * @param {number} bytes
 * @param {number} [totalBytes]
 * @returns {Progress}
 */
function toProgress(phase, bytes, totalBytes) {
  const progress = /** @type {Progress} */ ({ phase, bytes });
  if (totalBytes !== undefined && totalBytes !== null) {
    progress.totalBytes = totalBytes;
    progress.percent = totalBytes === 0 ? 100 : Math.min((bytes / totalBytes) * 100, 100);
  }
  return progress;
}

module.exports = { Watch, tell };
