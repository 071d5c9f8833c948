'use strict';

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
    this.options = options;
    this.startedAt = performance.now();
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
    /** @type {Progress | undefined} */
    let last;
    /** @param {Progress} progress */
    const report = (progress) => {
      try {
        last = progress;
        onProgress?.(progress);
      } catch (error) {
        thrown ??= { error };
        job.cancel();
      }
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
      const bytes = last?.totalBytes ?? last?.bytes ?? 0;
      report({ phase: last?.phase ?? 'analyze', bytes, totalBytes: bytes, percent: 100 });
    }
    if (thrown) throw thrown.error;
    if (outcome.failure === undefined) return outcome.value;
    if (outcome.failure.code === 'ABORT_ERR' && signal?.aborted) throw abortError(signal);
    throw new HeapdiffError(outcome.failure);
  }
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

module.exports = { Watch };
