'use strict';

const { spawnSync } = require('node:child_process');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const zlib = require('node:zlib');

/** @returns {string} A directory that goes when the process does. */
function temporaryDirectory() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'heapdiff-test-'));
  process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/**
 * Runs a program that leaks `sessions`, a Map in growing-service.js, between two snapshots.
 *
 * @returns {{ directory: string, baseline: string, current: string }} Paths of two real captures.
 */
function captureGrowingService() {
  return captureProgram('growing-service.js');
}

/**
 * Runs a program of this folder that takes two snapshots.
 *
 * @param {string} name
 * @returns {{ directory: string, baseline: string, current: string }}
 */
function captureProgram(name) {
  const directory = temporaryDirectory();
  const baseline = path.join(directory, 'baseline.heapsnapshot');
  const current = path.join(directory, 'current.heapsnapshot');
  const program = path.join(__dirname, name);
  const run = spawnSync(process.execPath, [program, baseline, current], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return { directory, baseline, current };
}

/**
 * @param {string} file
 * @returns {string} Path of a gzipped copy, whose name does not say so.
 */
function gzipped(file) {
  const copy = `${file}-packed.heapsnapshot`;
  fs.writeFileSync(copy, zlib.gzipSync(fs.readFileSync(file), { level: 1 }));
  return copy;
}

module.exports = { captureGrowingService, captureProgram, gzipped, temporaryDirectory };
