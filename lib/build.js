#!/usr/bin/env node
'use strict';

// Builds the native part with cargo and puts it beside index.js. This is `npm run build`, and with
// `--if-missing` the `install` script. Node's own modules only: a consumer has no devDependencies.

const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { binaryPath, packageRoot, triple } = require('./platform');

const target = binaryPath();
if (process.argv.includes('--if-missing') && fs.existsSync(target)) process.exit(0);

// In a checkout `target/` is kept, and cargo decides whether there is anything to do. In
// node_modules a scratch folder is used, or 100 MB of it would stay in every service.
const isCheckout = fs.existsSync(path.join(packageRoot, '.git'));
const scratch = isCheckout ? null : fs.mkdtempSync(path.join(os.tmpdir(), 'heapdiff-build-'));
try {
  copyAtomically(buildLibrary(scratch), target);
} catch (error) {
  const why = /** @type {Error} */ (error).message;
  process.stderr.write(`heapdiff: the native part could not be built: ${why}\n`);
  process.exitCode = 1;
} finally {
  if (scratch !== null) fs.rmSync(scratch, { recursive: true, force: true });
}

/**
 * Runs cargo.
 *
 * @param {string | null} targetDir Where cargo puts its files, or null for its own choice.
 * @returns {string} The path of the shared library.
 */
function buildLibrary(targetDir) {
  const args = ['build', '--release', '--locked', '--lib', '--message-format=json'];
  if (targetDir !== null) args.push('--target-dir', targetDir);
  const run = spawnSync('cargo', args, {
    cwd: packageRoot,
    env: environment(),
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  if (run.error) {
    const missing = /** @type {NodeJS.ErrnoException} */ (run.error).code === 'ENOENT';
    throw missing
      ? new Error('cargo was not found. Install Rust 1.89 or newer, then run this again.')
      : run.error;
  }
  const messages = run.stdout.split('\n').filter(Boolean).map(parseMessage);
  if (run.status !== 0) {
    for (const message of messages) process.stderr.write(message?.message?.rendered ?? '');
    throw new Error(`cargo ended with ${run.signal ?? `status ${run.status}`}.`);
  }
  // Dependencies can be shared libraries too.
  const manifest = path.join(packageRoot, 'Cargo.toml');
  const artifact = messages.find(
    (message) =>
      message?.reason === 'compiler-artifact' &&
      message.target.kind.includes('cdylib') &&
      path.relative(message.manifest_path, manifest) === '',
  );
  // A cdylib comes as one file here, as a library and its import library on Windows.
  const library = artifact?.filenames.find((/** @type {string} */ name) =>
    /\.(so|dylib|dll)$/.test(name),
  );
  if (library === undefined) throw new Error('cargo named no shared library.');
  return library;
}

/**
 * @param {string} line
 * @returns {any} The message, or undefined if cargo printed something else.
 */
function parseMessage(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/**
 * Writing into a library that a process has mapped crashes that process. A rename does not.
 *
 * @param {string} from
 * @param {string} to
 */
function copyAtomically(from, to) {
  const temporary = `${to}.${process.pid}.tmp`;
  fs.copyFileSync(from, temporary);
  fs.renameSync(temporary, to);
}

/** @returns {NodeJS.ProcessEnv} For musl, whose libraries Rust links statically unless told: cargo would then make no addon. */
function environment() {
  if (!triple().endsWith('-musl')) return process.env;
  const flags = [process.env.RUSTFLAGS, '-C target-feature=-crt-static'].filter(Boolean).join(' ');
  return { ...process.env, RUSTFLAGS: flags };
}
