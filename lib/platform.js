'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** The root of the package: where the binary lies, and `Cargo.toml`. */
const packageRoot = path.join(__dirname, '..');

/** @returns {boolean} Whether this Linux runs on musl and not on glibc. */
function isMusl() {
  try {
    return fs.readFileSync('/usr/bin/ldd', 'utf8').includes('musl');
  } catch {
    // No `ldd` to look at, as in a distroless image: Node itself knows which libc it runs on.
    const report = /** @type {any} */ (process.report?.getReport());
    const header = typeof report === 'string' ? JSON.parse(report).header : report?.header;
    return header !== undefined && header.glibcVersionRuntime === undefined;
  }
}

/** @returns {string} Platform, architecture and C library, as napi's packages name them. */
function triple() {
  const { platform, arch } = process;
  if (platform === 'linux') return `linux-${arch}-${isMusl() ? 'musl' : 'gnu'}`;
  if (platform === 'win32') return `win32-${arch}-msvc`;
  return `${platform}-${arch}`;
}

/** @returns {string} The absolute path of this platform's binary. */
function binaryPath() {
  return path.join(packageRoot, `heapdiff.${triple()}.node`);
}

module.exports = { packageRoot, triple, binaryPath };
