'use strict';

const { Readable } = require('node:stream');
const { checkCaptureOptions, checkGzip } = require('./capture-options');
const { capturePulled } = require('./capture');
const { abortError, timeoutError } = require('./errors');
const { Watch, tell } = require('./job');
const { checkJobOptions, checkOptions } = require('./validate');

/** @typedef {import('./capture').PulledCapture} PulledCapture */

/** The longest time that a timer can have. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** @type {typeof import('../index').snapshotStream} */
function snapshotStream(options) {
  return new SnapshotStream(checkOptions(options));
}

/**
 * Pulls block by block: whatever the reader does not take stays in the pipe or the temporary file.
 */
class SnapshotStream extends Readable {
  /** @type {AbortController} Ends the job that is under way when the stream is destroyed. */
  #destroyed = new AbortController();
  /** @type {Promise<PulledCapture> | undefined} */
  #capture;
  /** @type {Promise<unknown>} The step that is under way. */
  #step = Promise.resolve();
  #bytes = 0;
  #watch;
  #options;
  /** Takes the listener off the caller's signal. */
  #stopListening = () => {};
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /** @param {Record<string, unknown>} options */
  constructor(options) {
    super({ highWaterMark: 64 * 1024 });
    const { signal, ...job } = checkJobOptions(options);
    this.#watch = new Watch({ ...job, signal: this.#destroyed.signal });
    this.#options = {
      gzipLevel: checkGzip(options.gzip, false),
      capture: checkCaptureOptions(options),
    };
    if (signal) this.#listenTo(signal);
    if (!this.destroyed) this.#limitTime();
  }

  /** Gives up in time, also while nobody reads: then no job is under way that would. */
  #limitTime() {
    const { timeoutMs } = this.#watch.options;
    if (timeoutMs === undefined) return;
    const leftMs = timeoutMs - this.#watch.elapsedMs();
    if (leftMs <= 0) return void this.destroy(timeoutError());
    this.#timer = setTimeout(() => this.#limitTime(), Math.min(leftMs, MAX_TIMER_MS)).unref();
  }

  /**
   * Not `AbortSignal.any`, which refuses or ignores signals of polyfills and of other realms.
   *
   * @param {AbortSignal} signal
   */
  #listenTo(signal) {
    const abort = () => void this.destroy(abortError(signal));
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#stopListening = () => signal.removeEventListener('abort', abort);
  }

  /**
   * A loop that is left early is over when the capture is: the next one may begin.
   *
   * @override
   */
  async *[Symbol.asyncIterator]() {
    try {
      yield* super[Symbol.asyncIterator]();
    } finally {
      if (!this.closed) await new Promise((resolve) => this.once('close', resolve));
    }
  }

  /** @override */
  _read() {
    this.#step = this.#pull().then(
      (block) => this.push(block),
      (error) => this.destroy(error),
    );
  }

  async #pull() {
    this.#capture ??= capturePulled(this.#options, this.#watch);
    const block = await (await this.#capture).pull();
    if (block === null) (await this.#capture).close();
    this.#report(block);
    return block;
  }

  /** @param {Buffer | null} block What was read, null at the end. */
  #report(block) {
    this.#bytes += block?.length ?? 0;
    const progress = { phase: /** @type {const} */ ('write'), bytes: this.#bytes };
    const end = block === null ? { totalBytes: this.#bytes, percent: 100 } : {};
    const { onProgress } = this.#watch.options;
    tell(onProgress, { ...progress, ...end }, (error) =>
      this.destroy(/** @type {Error} */ (error)),
    );
  }

  /**
   * @override
   * @param {Error | null} error
   * @param {(error?: Error | null) => void} callback
   */
  _destroy(error, callback) {
    this.#stopListening();
    clearTimeout(this.#timer);
    this.#destroyed.abort();
    const closed = this.#step.then(async () => (await this.#capture)?.close());
    closed.then(
      () => callback(error),
      () => callback(error),
    );
  }
}

module.exports = { snapshotStream };
