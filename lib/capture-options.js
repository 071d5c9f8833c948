'use strict';

const { checkBoolean, checkChoice, checkNumber, checkOptions } = require('./validate');
const { invalidArgument } = require('./validate');

/**
 * @typedef {object} CaptureOptions How a capture is done: checked, with defaults.
 * @property {'auto' | 'inline' | 'fork'} mode
 * @property {number | undefined} maxPauseMs
 * @property {number | undefined} maxMemoryBytes
 * @property {boolean} force
 * @property {boolean} keepIds
 * @property {number | undefined} [gzipLevel] How much the bytes are compressed, if they are.
 * @property {boolean} [preferFork] Whether `auto` forks wherever it can.
 * @property {{ salt: string | undefined } | null} redact
 * @property {{ exposeInternals: boolean, exposeNumericValues: boolean }} v8
 */

/**
 * @param {Record<string, unknown>} options
 * @returns {CaptureOptions}
 */
function checkCaptureOptions(options) {
  /** @param {string} name */
  const flag = (name) => checkBoolean(options[name], `options.${name}`) ?? false;
  return {
    mode: checkChoice(options.mode, 'options.mode', ['auto', 'inline', 'fork']) ?? 'auto',
    maxPauseMs: checkNumber(options.maxPauseMs, 'options.maxPauseMs'),
    maxMemoryBytes: checkNumber(options.maxMemoryBytes, 'options.maxMemoryBytes'),
    force: flag('force'),
    keepIds: checkBoolean(options.keepIds, 'options.keepIds') ?? true,
    redact: checkRedact(options.redact),
    v8: {
      exposeInternals: flag('exposeInternals'),
      exposeNumericValues: flag('exposeNumericValues'),
    },
  };
}

/** @param {unknown} redact */
function checkRedact(redact) {
  if (redact === undefined || redact === false) return null;
  if (redact === true) return { salt: undefined };
  if (typeof redact !== 'object') {
    throw invalidArgument('options.redact', 'a boolean or an object', redact);
  }
  const { salt } = checkOptions(redact, 'options.redact');
  return { salt: checkSalt(salt, 'options.redact.salt') };
}

/**
 * @param {unknown} salt
 * @param {string} name
 * @returns {string | undefined} An empty salt, as an environment variable that is not set may become,
 *   would let anybody find short values by trying them.
 */
function checkSalt(salt, name) {
  if (salt === undefined || (typeof salt === 'string' && salt !== '')) return salt;
  throw invalidArgument(name, 'a string that is not empty', salt);
}

/**
 * @param {unknown} gzip
 * @param {boolean} byDefault Whether to compress when the option is not given.
 * @returns {number | undefined} The level, or undefined for no compression.
 */
function checkGzip(gzip, byDefault) {
  if (typeof gzip === 'number') {
    return checkNumber(gzip, 'options.gzip', { max: 9, integer: true });
  }
  if (gzip !== undefined && typeof gzip !== 'boolean') {
    throw invalidArgument('options.gzip', 'a boolean or a level from 0 to 9', gzip);
  }
  return (gzip ?? byDefault) ? DEFAULT_GZIP_LEVEL : undefined;
}

/**
 * A snapshot compresses about as well at 1 as at 6, and V8, which waits for the compressor when
 * the pipe is full, is done sooner.
 */
const DEFAULT_GZIP_LEVEL = 1;

module.exports = { checkCaptureOptions, checkGzip, checkSalt };
