'use strict';

const fs = require('node:fs');
const path = require('node:path');

/** The root of the package: where the binary lies, and `Cargo.toml`. */
const packageRoot = path.join(__dirname, '..');

/** The dynamic linker of musl, which is mapped into every process that it has started. */
const MUSL = /\/ld-musl-[^/]*$/m;

/** @returns {boolean} Whether this process runs on musl and not on glibc. */
function isMusl() {
  try {
    return MUSL.test(fs.readFileSync('/proc/self/maps', 'latin1'));
  } catch {
    // There is no `/proc`, or the permission model keeps it from us: Node itself knows.
    return reportWithoutNetwork().header.glibcVersionRuntime === undefined;
  }
}

/**
 * @returns {any} Node's diagnostic report. What it says of the network it asks a name server for, address by
 *   address, while the event loop stands still: many seconds where there are connections.
 */
function reportWithoutNetwork() {
  const report = /** @type {any} */ (process.report);
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  try {
    return report.getReport();
  } finally {
    report.excludeNetwork = before;
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
