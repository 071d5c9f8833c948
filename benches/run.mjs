#!/usr/bin/env node
// Measures heapdiff beside the tools that people use today, on the same files, in one run, and writes a record.
//
//     npm run bench                              files of about 5 MB and 200 MB
//     npm run bench -- --all                     and of more than 1 GB
//     npm run bench -- --sizes=medium --rounds=5 --only=heapdiff,devtools --no-record

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { agreement } from './agreement.mjs';
import { runTool } from './child.mjs';
import { sourceFacts } from './facts.mjs';
import { gzipPair, SIZES, snapshotPair } from './files.mjs';
import { markdown } from './markdown.mjs';

const { MAJORS, nodeBinary } = createRequire(import.meta.url)('../scripts/node-versions.js');
const root = fileURLToPath(new URL('..', import.meta.url));
const benches = path.join(root, 'benches');
const { values: options } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    sizes: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
    'no-record': { type: 'boolean', default: false },
    'no-linearity': { type: 'boolean', default: false },
  },
});

/** Who is measured: name in the tables -> program and flags. The order is that of each round. */
const CONTENDERS = {
  heapdiff: { tool: 'heapdiff' },
  devtools: { tool: 'devtools' },
  'devtools, two threads': { tool: 'devtools', flags: ['--threads'] },
  memlab: { tool: 'memlab' },
  'v8-heap-parser': { tool: 'v8-heap-parser' },
};
const ROUNDS = { small: 5, medium: 3, large: 1 };

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
const say = (text) => process.stderr.write(`${text}\n`);

function prepare() {
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
  // memlab brings a browser driver; its download of a browser is not wanted.
  const env = { ...process.env, PUPPETEER_SKIP_DOWNLOAD: '1' };
  // Not `ci`: it refuses a lock file that lacks the binaries of other platforms.
  const install = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
  for (const directory of [benches, path.join(root, 'parity', 'devtools')]) {
    if (fs.existsSync(path.join(directory, 'node_modules'))) continue;
    execFileSync('npm', install, { ...quiet, cwd: directory, env });
  }
  execFileSync(process.execPath, [path.join(root, 'parity', 'devtools', 'build.mjs')], quiet);
  execFileSync(process.execPath, [path.join(root, 'lib', 'build.js')], quiet);
  const floors = [
    'build',
    '--quiet',
    '--release',
    '--locked',
    '--no-default-features',
    '--example',
    'floors',
  ];
  execFileSync('cargo', floors, { ...quiet, cwd: root });
}

/** Runs every contender, round by round, so that a noisy minute hits all of them alike. */
async function compareContenders(size, pair) {
  const wanted = options.only?.split(',');
  const names = Object.keys(CONTENDERS).filter((name) => !wanted || wanted.includes(name));
  const found = {};
  const out = new Map();
  for (const name of names) {
    const { tool, flags } = CONTENDERS[name];
    // Also brings the files into the page cache, and tells early who fails.
    const first = await runTool(tool, pair, { facts: true, flags });
    if (first.failed) out.set(name, { failed: first.failed });
    else found[name] = first;
    say(`  ${name}: ${first.failed ?? `${Math.round(first.wallMs)} ms with facts`}`);
  }
  const runs = Object.fromEntries(names.map((name) => [name, []]));
  const rounds = Number(options.rounds ?? ROUNDS[size]);
  const idle = [];
  for (let round = 0; round < rounds; round += 1) {
    idle.push(await runTool('idle', pair));
    for (const name of names.filter((candidate) => !out.has(candidate))) {
      const { tool, flags } = CONTENDERS[name];
      const run = await runTool(tool, pair, { flags });
      if (run.failed) out.set(name, { failed: run.failed });
      else runs[name].push(run);
      say(`  round ${round + 1} ${name}: ${run.failed ?? `${Math.round(run.wallMs)} ms`}`);
    }
  }
  const idlePeak = median(idle.map((run) => run.peakKiB * 1024));
  const contenders = {};
  for (const name of names) {
    if (out.has(name)) contenders[name] = out.get(name);
    else {
      contenders[name] = {
        wallMs: median(runs[name].map((run) => run.wallMs)),
        wallMsAll: runs[name].map((run) => Math.round(run.wallMs)),
        cpuMs: median(runs[name].map((run) => run.cpuMs)),
        peakBytesAboveIdle: median(runs[name].map((run) => run.peakKiB * 1024)) - idlePeak,
        ...(runs[name][0].timings ? { timings: runs[name][0].timings } : {}),
      };
    }
  }
  return {
    rounds,
    idle: { wallMs: median(idle.map((run) => run.wallMs)), peakBytes: idlePeak },
    contenders,
    agreement: agreement(found),
  };
}

function floors(files) {
  const program = path.join(root, 'target', 'release', 'examples', 'floors');
  const runs = [1, 2, 3].map(() => JSON.parse(execFileSync(program, files, { encoding: 'utf8' })));
  const of = (key) => median(runs.map((run) => run[key]));
  return { readMs: of('readMs'), digitsMs: of('digitsMs'), inflateMs: of('inflateMs') };
}

/** The same pair, compressed, and as if it were of two processes. Inflating has a floor of its own. */
async function compareVariants(pair, { contenders, idle }) {
  const compressed = await gzipPair(pair);
  const variants = {
    plain: contenders.heapdiff,
    compressed: await measureVariant(compressed, [], idle.peakBytes),
    'by shape': await measureVariant(pair, ['--structural'], idle.peakBytes),
  };
  return { variants, inflateMs: floors([compressed.base, compressed.current]).inflateMs };
}

async function measureVariant(pair, flags, idlePeak) {
  const runs = [];
  for (let round = 0; round < 3; round += 1) {
    const run = await runTool('heapdiff', pair, { flags });
    if (run.failed) return run;
    runs.push(run);
  }
  return {
    wallMs: median(runs.map((run) => run.wallMs)),
    peakBytesAboveIdle: median(runs.map((run) => run.peakKiB * 1024)) - idlePeak,
  };
}

/** A file against the live heap, on every supported version: the report is due soon after V8's last byte. */
async function liveDiffs(pair) {
  const rows = [];
  for (const major of MAJORS) {
    const runs = [];
    for (let round = 0; round < 3; round += 1) {
      const run = await runTool('live', pair, { node: nodeBinary(major) });
      if (run.failed) return run;
      runs.push(run.live);
    }
    const of = (key) => median(runs.map((run) => run[key]));
    rows.push({
      node: major,
      pauseMs: of('pauseMs'),
      afterMs: of('afterMs'),
      totalMs: of('totalMs'),
    });
  }
  return rows;
}

/**
 * Time and memory per edge over sizes; a twentieth of the large pair upwards. Of a whole process, and of a call in one that has
 * made another before: the first has what loading heapdiff costs, once, which is most of it for the smallest pair.
 */
async function linearity(sizes) {
  const rows = [];
  const small = await snapshotPair('small');
  for (const size of sizes) {
    const pair = await snapshotPair(size);
    const idle = await runTool('idle', pair);
    const [runs, calls] = [[], []];
    for (let round = 0; round < 3; round += 1) {
      runs.push(await runTool('heapdiff', pair));
      calls.push(await runTool('call', pair, { flags: [small.base, small.current] }));
    }
    const failure = [...runs, ...calls].find((run) => run.failed);
    if (failure) return { failed: failure.failed };
    const { edges } = runs[0];
    const bytes = fs.statSync(pair.base).size + fs.statSync(pair.current).size;
    const perEdge = (ms, peakBytes) => ({
      ms,
      nsPerEdge: (ms * 1e6) / edges,
      bytesPerEdge: peakBytes / edges,
    });
    const whole = perEdge(
      median(runs.map((run) => run.wallMs)) - idle.wallMs,
      (median(runs.map((run) => run.peakKiB)) - idle.peakKiB) * 1024,
    );
    const call = perEdge(
      median(calls.map((run) => run.call.ms)),
      median(calls.map((run) => run.call.peakBytes)),
    );
    rows.push({ size, bytes, edges, ...whole, call });
    say(`  linearity ${size}: ${Math.round(whole.ms)} ms, the call ${Math.round(call.ms)} ms`);
  }
  return rows;
}

function facts() {
  const manifest = (file) =>
    JSON.parse(fs.readFileSync(path.join(root, file), 'utf8')).devDependencies;
  return {
    ...sourceFacts(),
    versions: { ...manifest('benches/package.json'), ...manifest('parity/devtools/package.json') },
  };
}

const sizes =
  options.sizes?.split(',') ?? (options.all ? ['small', 'medium', 'large'] : ['small', 'medium']);
for (const size of sizes) if (!(size in SIZES)) throw new Error(`no size ${size}`);
prepare();
const record = { ...facts(), sizes: {} };
for (const size of sizes) {
  const pair = await snapshotPair(size);
  const files = [pair.base, pair.current];
  say(
    `${size}: ${files.map((file) => `${(fs.statSync(file).size / 1e6).toFixed(1)} MB`).join(' and ')}`,
  );
  const result = await compareContenders(size, pair);
  record.sizes[size] = {
    fileBytes: files.map((file) => fs.statSync(file).size),
    ...result,
    floors: floors(files),
  };
  if (size === 'medium') {
    const ours = result.contenders.heapdiff;
    if (ours && !ours.failed) record.variants = await compareVariants(pair, result);
    record.eventLoop = (await runTool('event-loop', pair)).eventLoop;
    record.cancel = (await runTool('cancel', pair)).cancel;
    record.live = await liveDiffs(pair);
  }
}
if (!options['no-linearity']) {
  const steps = ['small', 'quarter', 'half', 'medium'];
  record.linearity = await linearity(sizes.includes('large') ? [...steps, 'large', 'huge'] : steps);
}
const text = markdown(record);
console.log(text);
if (!options['no-record']) {
  const stem = path.join(benches, 'records', record.date.slice(0, 16).replace(/[:T]/g, '-'));
  fs.mkdirSync(path.dirname(stem), { recursive: true });
  fs.writeFileSync(`${stem}.json`, `${JSON.stringify(record, null, 2)}\n`);
  fs.writeFileSync(`${stem}.md`, text);
  say(`record: ${path.relative(root, stem)}.md and .json`);
}
const wrong = Object.values(record.sizes).flatMap((size) => size.agreement.wrong);
for (const line of wrong) say(`WRONG ${line}`);
process.exitCode = wrong.length > 0 ? 1 : 0;
