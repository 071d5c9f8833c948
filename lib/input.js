'use strict';

const { setImmediate: nextTurn } = require('node:timers/promises');
const { types } = require('node:util');
const { HeapdiffError } = require('./errors');
const { native } = require('./native');
const { invalidArgument } = require('./validate');

/** What is copied in one turn of the event loop: a millisecond or two. */
const BLOCK_BYTES = 4 * 1024 * 1024;

/**
 * Makes a source ready for a native job.
 *
 * Bytes are copied: a native thread must not look at memory that JavaScript can transfer, resize or
 * collect meanwhile. It is done in blocks, with the event loop running in between.
 *
 * @param {import('./validate').SourceFile | Uint8Array} source A checked one.
 * @param {import('./job').Watch} watch
 * @returns {Promise<import('./native-binding').Input>}
 * @throws {HeapdiffError} `ENOMEM`, `ABORT_ERR`, `ERR_TIMEOUT`
 * @throws {TypeError} `ERR_INVALID_ARG` when bytes are taken away meanwhile.
 */
async function toInput(source, watch) {
  const { Input } = native();
  if (!types.isUint8Array(source)) return Input.fromPath(source.path, source.name);
  const length = source.byteLength;
  const input = allocate(length);
  for (let start = 0; start < length; start += BLOCK_BYTES) {
    if (start > 0) {
      await nextTurn();
      watch.checkpoint();
    }
    // Somebody may transfer or shrink the buffer between two blocks, which leaves the array shorter.
    if (source.byteLength !== length) {
      throw invalidArgument('source', 'bytes that stay until they are copied', source);
    }
    input.append(source.subarray(start, start + BLOCK_BYTES));
  }
  return input;
}

/** @param {number} length */
function allocate(length) {
  try {
    return native().Input.forBytes(length);
  } catch (cause) {
    const { message } = /** @type {Error} */ (cause);
    throw new HeapdiffError({ code: 'ENOMEM', message }, { cause });
  }
}

module.exports = { toInput };
