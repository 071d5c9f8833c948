'use strict';

// Finds and loads the native part. It is loaded on the first call that needs it, so that
// importing the package has no side effect and a service starts even where the binary is missing.

const fs = require('node:fs');
const path = require('node:path');
const { HeapdiffError } = require('./errors');
const { binaryPath, triple } = require('./platform');

/** @typedef {typeof import('./native-binding')} Binding */

/** @type {Binding | undefined} */
let binding;

/**
 * The native part.
 *
 * @returns {Binding}
 * @throws {Error} `ERR_NATIVE_BINDING` if there is no binary for this platform, or if it cannot be
 *   or must not be loaded. The message says what to do.
 */
function native() {
  binding ??= load();
  return binding;
}

/**
 * The native part, for what writes files or captures: some platforms can only read.
 *
 * @returns {Binding}
 * @throws {Error} `ERR_UNSUPPORTED`, and what {@link native} throws.
 */
function nativeCapture() {
  const binding = native();
  // All of that is compiled in together, or none of it.
  if (typeof binding.takeSlot === 'function') return binding;
  const message = `on ${triple()} heapdiff can read and compare snapshots, and not yet write them`;
  throw new HeapdiffError({ code: 'ERR_UNSUPPORTED', message });
}

/** @returns {Binding} */
function load() {
  const file = binaryPath();
  try {
    return require(file);
  } catch (cause) {
    if (/** @type {NodeJS.ErrnoException} */ (cause).code === 'ERR_DLOPEN_DISABLED') {
      const message =
        'this process must not load native addons, which heapdiff is one of: with --permission, ' +
        'node has to be told --allow-addons, and --no-addons forbids it';
      throw new HeapdiffError({ code: 'ERR_NATIVE_BINDING', message }, { cause });
    }
    const why = fs.existsSync(file)
      ? `${file} cannot be loaded: ${/** @type {Error} */ (cause).message}`
      : `${file} does not exist`;
    const build = path.join(__dirname, 'build.js');
    const message =
      `heapdiff has no native part for ${triple()} (Node ${process.version}): ${why}. ` +
      `Build it with a Rust toolchain: node ${JSON.stringify(build)}`;
    throw new HeapdiffError({ code: 'ERR_NATIVE_BINDING', message }, { cause });
  }
}

module.exports = { native, nativeCapture };
