'use strict';

const { Readable } = require('node:stream');
const { checkCaptureOptions, checkGzip } = require('./capture-options');
const { capturePulled } = require('./capture');
const { Watch } = require('./job');
const { checkJobOptions, checkOptions } = require('./validate');

/** @typedef {import('./capture').PulledCapture} PulledCapture */

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

  /** @param {Record<string, unknown>} options */
  constructor(options) {
    super({ highWaterMark: 64 * 1024 });
    const { signal, ...job } = checkJobOptions(options);
    const signals = signal ? [signal, this.#destroyed.signal] : [this.#destroyed.signal];
    this.#watch = new Watch({ ...job, signal: AbortSignal.any(signals) });
    this.#options = {
      gzipLevel: checkGzip(options.gzip, false),
      capture: checkCaptureOptions(options),
    };
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
    else this.#report(block.length);
    return block;
  }

  /** @param {number} bytes */
  #report(bytes) {
    this.#bytes += bytes;
    this.#watch.options.onProgress?.({ phase: 'write', bytes: this.#bytes });
  }

  /**
   * @override
   * @param {Error | null} error
   * @param {(error?: Error | null) => void} callback
   */
  _destroy(error, callback) {
    this.#destroyed.abort();
    const closed = this.#step.then(async () => (await this.#capture)?.close());
    closed.then(
      () => callback(error),
      () => callback(error),
    );
  }
}

module.exports = { snapshotStream };
