'use strict';

/**
 * The error of a job or a capture. `code` is stable: one of `ErrorCode` in index.d.ts, or the errno
 * code of the system call that failed.
 */
class HeapdiffError extends Error {
  /**
   * Has to be called where the caller's stack can still be seen: a failure that comes from a
   * native thread has none.
   *
   * @param {import('./native-binding').Failure} failure
   * @param {ErrorOptions} [options]
   */
  constructor(failure, options) {
    const { message, ...fields } = failure;
    super(message, options);
    /** @type {string} */
    this.code = failure.code;
    for (const [name, value] of Object.entries(fields)) {
      if (value !== undefined) Object.defineProperty(this, name, { ...visible, value });
    }
  }
}
const visible = { configurable: true, enumerable: true, writable: true };
Object.defineProperty(HeapdiffError.prototype, 'name', {
  ...visible,
  enumerable: false,
  value: 'HeapdiffError',
});

/**
 * What Node's own functions reject with when their signal is aborted.
 *
 * @param {AbortSignal} signal
 * @returns {HeapdiffError}
 */
function abortError(signal) {
  const failure = { code: 'ABORT_ERR', message: 'The operation was aborted' };
  const error = new HeapdiffError(failure, { cause: signal.reason });
  error.name = 'AbortError';
  return error;
}

/** @returns {HeapdiffError} */
function timeoutError() {
  const message = 'the operation took longer than timeoutMs allows';
  return new HeapdiffError({ code: 'ERR_TIMEOUT', message });
}

/**
 * @template T
 * @param {import('./native-binding').Settled<T> | undefined} answer Of a call of the native part.
 *   There is none while the thread is being terminated.
 * @returns {T}
 * @throws {HeapdiffError} The failure.
 */
function settled(answer) {
  if (answer === undefined) {
    throw new HeapdiffError({ code: 'ABORT_ERR', message: 'the thread is being terminated' });
  }
  if (answer.failure !== undefined) throw new HeapdiffError(answer.failure);
  return answer.value;
}

module.exports = { HeapdiffError, abortError, settled, timeoutError };
