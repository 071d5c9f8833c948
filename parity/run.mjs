#!/usr/bin/env node
// Compares every number of heapdiff with Chrome DevTools', on real and on generated snapshots.
//
//     npm run parity                       six kinds of snapshot on four Node.js versions, 2,060 generated pairs
//     npm run parity -- --quick            the plain kind, 200 generated pairs: the form for CI
//     npm run parity -- --pairs=N --seed=N --only-generated --keep

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareAll, compareNodes, firstDifference } from './compare.mjs';
import { generatedPairs, realPairs } from './inputs.mjs';
import { Side } from './side.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const scratch = path.join(root, '.cache', 'parity');
const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    pairs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    'only-generated': { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
  },
});
const generatedCount = Number(options.pairs ?? (options.quick ? 200 : 2060));

/** Generated pairs that are in the making at a time. */
const WINDOW = 16;
/** So many differences are printed in full. */
const PRINTED_DIFFERENCES = 20;

/** Counts verdicts by check, and prints what differs. */
class Tally {
  passed = 0;
  failed = 0;
  refused = 0;
  /** @type {Map<string, {passed: number, failed: number}>} */
  checks = new Map();
  /** @type {Set<string>} */
  notCompared = new Set();

  /** @param {string} name What was looked at. @param {import('./compare.mjs').Verdict[]} verdicts */
  add(name, verdicts) {
    for (const { check, difference, compared = true } of verdicts) {
      if (!compared) {
        this.notCompared.add(check);
        continue;
      }
      const row = this.checks.get(check) ?? { passed: 0, failed: 0 };
      this.checks.set(check, row);
      if (difference === null) {
        row.passed += 1;
        this.passed += 1;
        continue;
      }
      row.failed += 1;
      this.failed += 1;
      if (this.failed <= PRINTED_DIFFERENCES)
        console.log(`DIFFERS ${name}: ${check}: ${difference}`);
    }
  }

  print() {
    console.log('\ncheck, how often both sides agreed, how often not');
    for (const [check, { passed, failed }] of this.checks) {
      console.log(
        `  ${check.padEnd(48)} ${String(passed).padStart(6)} ${String(failed).padStart(6)}`,
      );
    }
    if (this.notCompared.size > 0) {
      console.log(
        `  not compared, because heapdiff does not say: ${[...this.notCompared].join(', ')}`,
      );
    }
  }
}

function prepare() {
  const judge = path.join(root, 'parity', 'devtools');
  const quiet = { cwd: judge, stdio: ['ignore', 'ignore', 'inherit'] };
  if (!fs.existsSync(path.join(judge, 'node_modules'))) {
    // Not `ci`: it refuses a lock file that lacks the binaries of other platforms.
    const install = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    execFileSync('npm', install, quiet);
  }
  execFileSync(process.execPath, ['build.mjs'], quiet);
  const cargo = [
    'build',
    '--quiet',
    '--profile=tools',
    '--locked',
    '--no-default-features',
    '--example',
    'dump',
  ];
  execFileSync('cargo', cargo, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync(process.execPath, ['lib/build.js'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  fs.rmSync(scratch, { recursive: true, force: true });
  fs.mkdirSync(scratch, { recursive: true });
}

const sides = () => ({
  devtools: new Side('DevTools', process.execPath, [
    '--max-old-space-size=8192',
    path.join(root, 'parity', 'devtools', 'cli.mjs'),
    'serve',
  ]),
  heapdiff: new Side('heapdiff', path.join(root, 'target', 'tools', 'examples', 'dump'), ['serve']),
});

/**
 * Asks both sides the same, at the same time.
 *
 * @returns {Promise<{expected: any, verdicts: import('./compare.mjs').Verdict[] | null}>} No verdicts where DevTools itself
 *   cannot load the file.
 */
async function askBoth({ devtools, heapdiff }, request, compare) {
  const [theirs, ours] = await Promise.all([devtools.ask(request), heapdiff.ask(request)]);
  if (theirs.error !== undefined) return { expected: null, verdicts: null };
  if (ours.error !== undefined) {
    const verdicts = [{ check: request[0], difference: `heapdiff says ${ours.error}` }];
    return { expected: theirs.ok, verdicts };
  }
  return { expected: theirs.ok, verdicts: compare(theirs.ok, ours.ok) };
}

const compareTable = (expected, actual) => [
  { check: 'comparison table', difference: firstDifference(expected, actual) },
];

/** @param {import('./inputs.mjs').Pair} pair */
async function checkPair(servers, pair, tally) {
  const expected = {};
  for (const file of ['base', 'current']) {
    for (const [question, compare] of [
      ['nodes', compareNodes],
      ['all', compareAll],
    ]) {
      const answer = await askBoth(servers, [question, pair[file]], compare);
      if (answer.verdicts === null) {
        tally.refused += 1;
        return null;
      }
      tally.add(`${pair.name}, ${file}`, answer.verdicts);
      expected[question] = answer.expected;
    }
  }
  const answer = await askBoth(servers, ['diff', pair.base, pair.current], compareTable);
  tally.add(pair.name, answer.verdicts);
  return { ...expected, diff: answer.expected };
}

async function checkReal(tally) {
  const { compareSurfaces } = await import('./surfaces.mjs');
  const servers = sides();
  const askDevTools = async (request) => (await servers.devtools.ask(request)).ok;
  for await (const pair of realPairs(scratch, options)) {
    const before = { ...tally };
    const expected = await checkPair(servers, pair, tally);
    if (expected === null) {
      console.log(`${pair.name}: DevTools cannot load it`);
      continue;
    }
    tally.add(pair.name, await compareSurfaces(pair, expected, askDevTools));
    const nodes = expected.all.static.nodeCount.toLocaleString('en');
    const [passed, failed] = [tally.passed - before.passed, tally.failed - before.failed];
    console.log(`${pair.name}: ${nodes} nodes, ${passed} checks passed, ${failed} failed`);
  }
  servers.devtools.close();
  servers.heapdiff.close();
}

async function checkGenerated(tally) {
  const servers = sides();
  const before = { ...tally };
  const running = [];
  const generated = { count: generatedCount, seed: Number(options.seed), window: WINDOW };
  for (const pair of generatedPairs(scratch, generated)) {
    running.push(checkPair(servers, pair, tally));
    // The files of a pair are reused: all but the youngest must be through with theirs.
    if (running.length === WINDOW - 1) await running.shift();
  }
  await Promise.all(running);
  const refused = tally.refused - before.refused;
  console.log(
    `${generatedCount - refused} generated pairs (seeds ${generated.seed} to ${generated.seed + generatedCount - 1}; ` +
      `DevTools itself fails on ${refused} more): ${tally.passed - before.passed} checks passed, ` +
      `${tally.failed - before.failed} failed`,
  );
  servers.devtools.close();
  servers.heapdiff.close();
}

prepare();
const started = Date.now();
const tally = new Tally();
if (!options['only-generated']) await checkReal(tally);
await checkGenerated(tally);
if (!options.keep) fs.rmSync(scratch, { recursive: true, force: true });
tally.print();
console.log(`\nparity with Chrome DevTools, ${Math.round((Date.now() - started) / 1000)} s`);
console.log(`${tally.passed} passed, ${tally.failed} failed`);
process.exitCode = tally.failed === 0 && tally.passed > 0 ? 0 : 1;
