'use strict';

// Checks what users pass. Every function throws a TypeError or RangeError with the code
// ERR_INVALID_ARG, whose message names the argument, what it may be, and what it was.

const path = require('node:path');
const { fileURLToPath } = require('node:url');
const { inspect, types } = require('node:util');

/**
 * @param {string} name
 * @param {string} expected
 * @param {unknown} value
 * @param {TypeErrorConstructor | RangeErrorConstructor} [Type]
 * @returns {Error}
 */
function invalidArgument(name, expected, value, Type = TypeError) {
  const brief = { depth: 0, maxStringLength: 60, maxArrayLength: 3, breakLength: Infinity };
  const received = inspect(value, brief);
  const error = new Type(`${name} must be ${expected}. Received ${received}`);
  return Object.assign(error, { code: 'ERR_INVALID_ARG' });
}

/** What is taken for options: objects of the program's own, and what `import * as options` gives. */
const OPTIONS = ['[object Object]', '[object Module]'];

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {Record<string, unknown>} The options, or an empty object where there are none.
 */
function checkOptions(value, name = 'options') {
  if (value === undefined || value === null) return {};
  // Arrays, dates, URLs and their like have no options: whoever passes one means something else.
  if (typeof value !== 'object' || !OPTIONS.includes(Object.prototype.toString.call(value))) {
    throw invalidArgument(name, 'an object', value);
  }
  return /** @type {Record<string, unknown>} */ (value);
}

/**
 * @param {unknown} value
 * @returns {value is URL} Whether it can be used as one, also one of another realm.
 */
function isUrl(value) {
  return Object.prototype.toString.call(value) === '[object URL]';
}

/**
 * @param {URL} url
 * @param {string} name
 * @returns {string}
 */
function toPath(url, name) {
  try {
    return fileURLToPath(url);
  } catch (cause) {
    const { message } = /** @type {Error} */ (cause);
    throw invalidArgument(name, `a URL of a file (${message})`, url.href);
  }
}

/**
 * @param {unknown} given
 * @param {string} name
 * @returns {string}
 */
function checkPath(given, name) {
  const value = isUrl(given) ? toPath(given, name) : given;
  if (typeof value !== 'string') throw invalidArgument(name, 'a string or a file URL', value);
  if (value === '') throw invalidArgument(name, 'a path that is not empty', value, RangeError);
  if (value.includes('\0')) {
    throw invalidArgument(name, 'a path without null bytes', value, RangeError);
  }
  return value;
}

/**
 * @param {string} file Where to write.
 * @returns {string} Absolute: the program may change its directory meanwhile. A slash at the end says
 *   that it is a directory, and stays.
 */
function toTarget(file) {
  const absolute = path.resolve(file);
  return file.endsWith('/') && !absolute.endsWith('/') ? `${absolute}/` : absolute;
}

/**
 * @typedef {object} SourceFile
 * @property {string} path Absolute: the program may change its directory before a job opens it.
 * @property {string} name What reports and errors call it.
 */

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {SourceFile | Uint8Array}
 */
function checkSource(value, name) {
  if (typeof value === 'string' || isUrl(value)) {
    const given = checkPath(value, name);
    return { path: path.resolve(given), name: given };
  }
  if (!types.isUint8Array(value)) {
    throw invalidArgument(name, 'a path, a file URL or a Uint8Array', value);
  }
  if (types.isSharedArrayBuffer(value.buffer)) {
    // Another thread could write to it while it is copied.
    throw invalidArgument(name, 'backed by an ArrayBuffer, not by a SharedArrayBuffer', value);
  }
  return value;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @param {{ min?: number, max?: number, integer?: boolean }} [range] `min` and `max` are allowed
 *   values themselves. Infinity never is allowed.
 * @returns {number | undefined}
 */
function checkNumber(value, name, { min = 0, max = Number.MAX_SAFE_INTEGER, integer } = {}) {
  if (value === undefined) return undefined;
  const kind = integer ? 'an integer' : 'a number';
  if (typeof value !== 'number') throw invalidArgument(name, kind, value);
  if (!(value >= min && value <= max) || (integer && !Number.isInteger(value))) {
    // Nobody needs to be told of the largest number there is, unless that is what is wrong.
    const isTold = max !== Number.MAX_SAFE_INTEGER || value > max;
    const upTo = isTold ? ` and <= ${max}` : '';
    throw invalidArgument(name, `${kind} >= ${min}${upTo}`, value, RangeError);
  }
  return value;
}

/**
 * @template {string} T
 * @param {unknown} value
 * @param {string} name
 * @param {readonly T[]} choices
 * @returns {T | undefined}
 */
function checkChoice(value, name, choices) {
  if (value === undefined) return undefined;
  const expected = `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`;
  if (typeof value !== 'string') throw invalidArgument(name, expected, value);
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw invalidArgument(name, expected, value, RangeError);
  return found;
}

/**
 * @param {unknown} value
 * @param {string} name
 * @returns {boolean | undefined}
 */
function checkBoolean(value, name) {
  if (value !== undefined && typeof value !== 'boolean') {
    throw invalidArgument(name, 'a boolean', value);
  }
  return value;
}

/**
 * The options that every job has.
 *
 * @param {Record<string, unknown>} options
 * @returns {import('./job').JobOptions}
 */
function checkJobOptions({ signal, timeoutMs, onProgress }) {
  if (signal !== undefined && !isAbortSignal(signal)) {
    throw invalidArgument('options.signal', 'an AbortSignal', signal);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw invalidArgument('options.onProgress', 'a function', onProgress);
  }
  return {
    signal: /** @type {AbortSignal | undefined} */ (signal),
    timeoutMs: checkNumber(timeoutMs, 'options.timeoutMs', { min: 1 }),
    onProgress: /** @type {import('./job').JobOptions['onProgress']} */ (onProgress),
  };
}

/**
 * @param {unknown} value
 * @returns {boolean} Whether it can be used as one: polyfills and other realms' are welcome.
 */
function isAbortSignal(value) {
  const signal = /** @type {any} */ (value);
  return (
    typeof signal === 'object' &&
    signal !== null &&
    typeof signal.aborted === 'boolean' &&
    typeof signal.addEventListener === 'function' &&
    typeof signal.removeEventListener === 'function'
  );
}

module.exports = {
  checkBoolean,
  checkChoice,
  checkJobOptions,
  checkNumber,
  checkOptions,
  checkPath,
  checkSource,
  invalidArgument,
  isUrl,
  toTarget,
};
