'use strict';

const { HeapdiffError } = require('./errors');

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
  const message = 'comparing with the live heap is not built yet';
  throw new HeapdiffError({ code: 'ERR_UNSUPPORTED', message });
}

module.exports = { captureLive };
