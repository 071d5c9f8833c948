#!/usr/bin/env node
'use strict';

/**
 * Plays the leak scenarios and prints what the product says of each beside what it must say.
 *
 *     npm run scenarios -- [options] [NAME]...
 *
 *   NAME            only scenarios whose name contains it
 *   --node 20,22    Node.js versions (default: the one that runs this)
 *   --repeat N      play all of it N times
 *   --quick         one scenario of each group of ten, for CI
 *   --restart       baseline and current in two processes each
 *   --digest        the baseline as a digest
 *   --writer WHO    heapdiff (default), live or node: who takes the snapshots
 *   --compare       also what other ways of comparing would put first
 *   --keep DIR      keep the snapshots of what failed
 *   --keep-all      keep those of what passed too
 *   --from DIR      judge the snapshots that were kept there instead of playing
 *   --json FILE     also write the results there
 *
 * The last line is `N passed, N failed`; the exit code is 1 if any failed.
 */

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const { build } = require('./runner/build');
const { compareOthers, installOthers } = require('./runner/others');
const { judge, describe } = require('./runner/judge');
const { play } = require('./runner/play');
const { findScenarios, ROOT } = require('./runner/scenarios');

/** Programs that run at the same time. */
const PARALLEL = 2;

/** What is expected of a healthy program. */
const NO_LEAK = 'no leak';

/**
 * @typedef {import('./runner/scenarios').Scenario} Scenario
 * @typedef {object} Result
 * @property {string} scenario
 * @property {string} node
 * @property {string} expected
 * @property {string} got
 * @property {string[]} wrong
 * @property {Record<string, string>} others
 */

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      node: { type: 'string' },
      repeat: { type: 'string', default: '1' },
      quick: { type: 'boolean', default: false },
      restart: { type: 'boolean', default: false },
      digest: { type: 'boolean', default: false },
      writer: { type: 'string', default: 'heapdiff' },
      compare: { type: 'boolean', default: false },
      keep: { type: 'string' },
      'keep-all': { type: 'boolean', default: false },
      from: { type: 'string' },
      json: { type: 'string' },
    },
  });
  installPackages();
  if (values.compare) installOthers();
  const scenarios = choose(findScenarios(), positionals, values);
  if (scenarios.length === 0)
    throw new Error(`no scenario is called anything like ${positionals.join(', ')}`);
  for (const scenario of scenarios) build(scenario);
  const nodes = nodeBinaries(values.node);
  const tasks = [];
  for (let round = 0; round < Number(values.repeat); round++) {
    for (const node of nodes) for (const scenario of scenarios) tasks.push({ scenario, node });
  }
  /** @type {Result[]} */
  const results = [];
  await inParallel(tasks, PARALLEL, async ({ scenario, node }) => {
    const result = await playAndJudge(scenario, node, values);
    results.push(result);
    print(result);
  });
  if (values.json) fs.writeFileSync(values.json, JSON.stringify(results, null, 2));
  const failed = results.filter((result) => result.wrong.length > 0).length;
  if (values.compare) printScores(results);
  console.log(`\n${results.length - failed} passed, ${failed} failed`);
  process.exitCode = failed > 0 ? 1 : 0;
}

/** The packages that scenarios use are installed on first use, apart from the product's own. */
function installPackages() {
  const { dependencies } = require('./package.json');
  const isThere = (/** @type {string} */ name) =>
    fs.existsSync(path.join(ROOT, 'node_modules', name));
  if (Object.keys(dependencies).every(isThere)) return;
  require('node:child_process').execFileSync('npm', ['install'], { cwd: ROOT, stdio: 'inherit' });
}

/**
 * @param {Scenario[]} scenarios
 * @param {string[]} wanted
 * @param {{ quick?: boolean, restart?: boolean, writer?: string }} options
 */
function choose(scenarios, wanted, { quick, restart, writer }) {
  // A report on the live heap compares it with one snapshot, and so do two processes.
  const isOfTwo = restart || writer === 'live';
  return scenarios
    .filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
    .filter((_, i) => !quick || i % 10 === 0)
    .filter(({ labels }) => !isOfTwo || labels.length === 2);
}

/**
 * @param {string | undefined} majors
 * @returns {Array<{ major: string, binary: string }>}
 */
function nodeBinaries(majors) {
  const own = process.versions.node.split('.')[0];
  if (majors === undefined) return [{ major: own, binary: process.execPath }];
  const { nodeBinary } = require('../../scripts/node-versions');
  return majors.split(',').map((major) => ({ major, binary: nodeBinary(Number(major)) }));
}

/**
 * @param {Scenario} scenario
 * @param {{ major: string, binary: string }} node
 * @param {Record<string, any>} options
 * @returns {Promise<Result>}
 */
async function playAndJudge(scenario, node, options) {
  const kept = `${scenario.name.replace('/', '-')}-${node.major}`;
  const out = options.from
    ? path.join(options.from, kept)
    : fs.mkdtempSync(path.join(os.tmpdir(), 'heapdiff-scenario-'));
  /** @type {Result} */
  const result = {
    scenario: scenario.name,
    node: node.major,
    expected: expectation(scenario),
    got: '',
    wrong: [],
    others: {},
  };
  try {
    if (!options.from) await play(scenario, out, { ...options, node: node.binary });
    const report = await reportOf(scenario, out, options);
    result.got = describe(report.suspects[0]);
    result.wrong = judge({ ...scenario, between: betweenOf(scenario, options) }, report);
  } catch (error) {
    result.wrong = [error instanceof Error ? error.message : String(error)];
  }
  if (options.compare) result.others = await compareOthers(scenario, out);
  if (!options.from) {
    if (options.keep && (options['keep-all'] || result.wrong.length > 0)) {
      const target = path.join(options.keep, kept);
      fs.rmSync(target, { recursive: true, force: true });
      fs.cpSync(out, target, { recursive: true });
    }
    fs.rmSync(out, { recursive: true, force: true });
  }
  return result;
}

/**
 * @param {Scenario} scenario
 * @param {{ restart?: boolean }} options
 */
function betweenOf(scenario, options) {
  return options.restart && scenario.between === 'none' ? 'restart' : scenario.between;
}

/**
 * @param {Scenario} scenario
 * @param {string} out
 * @param {Record<string, any>} options
 * @returns {Promise<import('../..').LeakReport>}
 */
async function reportOf(scenario, out, options) {
  const live = path.join(out, 'report.json');
  if (fs.existsSync(live)) return JSON.parse(fs.readFileSync(live, 'utf8'));
  const { diffSnapshots, diffTrend } = require('../..');
  const { writeDigest } = require('../../lib/digest');
  const files = scenario.labels.map((label) => path.join(out, `${label}.heapsnapshot`));
  if (options.digest) {
    for (const [i, file] of files.slice(0, -1).entries()) {
      files[i] = file.replace(/heapsnapshot$/, 'heapdigest');
      await writeDigest(file, files[i]);
    }
  }
  const diffOptions = scenario.work ? { work: scenario.work } : {};
  if (files.length > 2) return diffTrend(files, diffOptions);
  return diffSnapshots(files[0], files[1], diffOptions);
}

/** @param {Scenario} scenario */
function expectation({ suspects }) {
  if (suspects.length === 0) return NO_LEAK;
  return suspects.map((s) => `${s.name} | ${s.class} | ${s.kind} | ${s.file}`).join('; ');
}

/** @param {Result} result */
function print({ scenario, node, expected, got, wrong, others }) {
  const mark = wrong.length === 0 ? 'ok  ' : 'FAIL';
  console.log(`${mark} ${scenario} (Node ${node})  ${expected}  =>  ${got || '-'}`);
  for (const what of wrong) console.log(`       ${what}`);
  for (const [who, first] of Object.entries(others)) console.log(`       ${who}: ${first}`);
}

/**
 * How many leaks each tool names and about how many healthy programs it says nothing, of the
 * scenarios of two snapshots: the other tools take no more.
 *
 * @param {Result[]} results
 */
function printScores(results) {
  const compared = results.filter(({ others }) => Object.keys(others).length > 0);
  const leaking = compared.filter(({ expected }) => expected !== NO_LEAK);
  const healthy = compared.filter(({ expected }) => expected === NO_LEAK);
  /** @param {string} who @param {(result: Result, mark: string) => boolean} is */
  const score = (who, is) => {
    const named = leaking.filter((result) => is(result, '[names it]')).length;
    const silent = healthy.filter((result) => is(result, '[silent]')).length;
    console.log(
      `${who}: names ${named} of ${leaking.length} leaks, silent about ${silent} of ${healthy.length} healthy programs`,
    );
  };
  console.log('');
  score('heapdiff', ({ wrong }) => wrong.length === 0);
  for (const who of new Set(compared.flatMap(({ others }) => Object.keys(others)))) {
    score(who, ({ others }, mark) => others[who]?.startsWith(mark));
  }
}

/**
 * @template T
 * @param {T[]} tasks
 * @param {number} width
 * @param {(task: T) => Promise<void>} work
 */
async function inParallel(tasks, width, work) {
  const queue = [...tasks];
  const lanes = Array.from({ length: width }, async () => {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) await work(task);
  });
  await Promise.all(lanes);
}

if (require.main === module) main();
