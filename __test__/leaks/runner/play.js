'use strict';

/**
 * Plays a scenario: runs its program in a process of its own (or in two) and leaves the snapshots
 * in a folder.
 *
 * @typedef {import('./scenarios').Scenario} Scenario
 * @typedef {object} PlayOptions
 * @property {string} node Path of the Node.js binary.
 * @property {'heapdiff' | 'live' | 'node'} writer
 * @property {boolean} restart Play every pair of snapshots in two processes.
 */

const { spawn } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

const { ROOT } = require('./scenarios');

/** No program takes a tenth of this on a quiet machine. */
const TIMEOUT_MS = 180_000;

/**
 * @param {Scenario} scenario
 * @param {string} out Folder for the snapshots.
 * @param {PlayOptions} options
 * @returns {Promise<void>}
 */
async function play(scenario, out, options) {
  const between = options.restart && scenario.between === 'none' ? 'restart' : scenario.between;
  const last = scenario.labels[scenario.labels.length - 1];
  if (between === 'none') {
    await run(scenario.main, { SCENARIO_OUT: out, SCENARIO_LAST: last }, options);
    return;
  }
  const deployed = between === 'deploy' ? deploy(scenario, 'before') : null;
  const main = deployed ?? scenario.main;
  const first = { SCENARIO_OUT: out, SCENARIO_LAST: 'baseline', SCENARIO_RUN: 'first' };
  await run(main, first, { ...options, writer: fileWriter(options.writer) });
  if (deployed) deploy(scenario, 'after');
  const second = { SCENARIO_OUT: out, SCENARIO_LAST: last, SCENARIO_RUN: 'second' };
  await run(main, { ...second, SCENARIO_ONLY: last }, options);
}

/**
 * Puts one version of a program where the other was.
 *
 * @param {Scenario} scenario
 * @param {'before' | 'after'} version
 * @returns {string} Path of the program, the same for both.
 */
function deploy(scenario, version) {
  const app = path.join(ROOT, 'dist', path.basename(scenario.folder), 'app');
  fs.rmSync(app, { recursive: true, force: true });
  fs.cpSync(path.join(scenario.folder, version), app, { recursive: true });
  return path.join(app, scenario.main);
}

/** @param {PlayOptions['writer']} writer */
function fileWriter(writer) {
  return writer === 'live' ? 'heapdiff' : writer;
}

/**
 * @param {string} main
 * @param {Record<string, string>} environment
 * @param {PlayOptions} options
 * @returns {Promise<void>}
 */
function run(main, environment, { node, writer }) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [main], {
      cwd: path.dirname(main),
      env: { ...process.env, ...environment, SCENARIO_WRITER: writer, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let errors = '';
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => (errors = (errors + text).slice(-4_000)));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(new Error(`${path.basename(main)} ended with ${code ?? signal}: ${errors.trim()}`));
    });
  });
}

module.exports = { play };
