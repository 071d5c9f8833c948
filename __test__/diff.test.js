'use strict';

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, test } = require('node:test');
const { diffSnapshots } = require('..');
const { writeDigest } = require('../lib/digest');
const { captureGrowingService, gzipped, temporaryDirectory } = require('./support/captures');

/** @typedef {import('..').LeakReport} LeakReport */

/**
 * @param {string} file
 * @returns {Map<number, number>} Self size by id, of the nodes that have one after DevTools'
 *   transfer of sizes: as `heapdiff nodes` prints them.
 */
function sizesById(file) {
  const program = path.join(__dirname, '..', 'bin', 'heapdiff.js');
  const rows = execFileSync(process.execPath, [program, 'nodes', file], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  const sizes = rows
    .trimEnd()
    .split('\n')
    .map((row) => row.split('\t').map(Number));
  return new Map(sizes.filter(([, , size]) => size > 0).map(([id, , size]) => [id, size]));
}

describe('diffSnapshots of two real captures', () => {
  /** @type {ReturnType<typeof captureGrowingService>} */
  let files;
  /** @type {LeakReport} */
  let report;

  before(async () => {
    files = captureGrowingService();
    report = await diffSnapshots(files.baseline, files.current);
  });

  /** @param {LeakReport} other What must not depend on how the bytes came in. */
  function assertSameAnswer(other) {
    const facts = (/** @type {LeakReport} */ { baseline, current, timings, ...rest }) => ({
      ...rest,
      baseline: { ...baseline, source: '' },
      current: { ...current, source: '' },
    });
    assert.deepEqual(facts(other), facts(report));
  }

  test('names the leak', () => {
    assert.equal(report.verdict, 'leak');
    const [suspect] = report.suspects;
    assert.equal(suspect.name, 'sessions');
    assert.equal(suspect.className, 'Map');
    assert.equal(suspect.kind, 'map');
    assert.equal(path.basename(suspect.source?.url ?? ''), 'growing-service.js');
    assert.deepEqual(suspect.growth.items, { before: 100, after: 20_100 });
    assert.ok(suspect.growth.retainedBytes > 20_000 * 100);
    assert.match(suspect.summary, /sessions/);
  });

  test('counts the class that piles up', () => {
    const row = report.classes.find(({ className }) => className === 'Session');
    assert.ok(row);
    assert.equal(row.added, 20_000);
    assert.equal(row.removed, 0);
    assert.equal(row.delta, 20_000);
    assert.equal(row.deltaBytes, row.addedBytes - row.removedBytes);
    assert.ok(row.retainedBytes > row.addedBytes);
  });

  test('says where the snapshots came from and how big they are', () => {
    const { snapshot } = JSON.parse(fs.readFileSync(files.current, 'utf8'));
    assert.equal(report.current.source, files.current);
    assert.equal(report.current.nodeCount, snapshot.node_count);
    assert.equal(report.current.edgeCount, snapshot.edge_count);
    assert.equal(report.growth.nodes, report.current.nodeCount - report.baseline.nodeCount);
    assert.equal(report.schemaVersion, 1);
    assert.deepEqual(report.tool, {
      name: 'heapdiff',
      version: require('../package.json').version,
    });
    assert.ok(report.timings.totalMs >= report.timings.parseMs);
  });

  test('gives the same answer for gzipped files, whatever they are called', async () => {
    assertSameAnswer(await diffSnapshots(gzipped(files.baseline), gzipped(files.current)));
  });

  test('gives the same answer for bytes, plain and gzipped', async () => {
    const baseline = fs.readFileSync(files.baseline);
    const current = new Uint8Array(fs.readFileSync(gzipped(files.current)));
    assertSameAnswer(await diffSnapshots(baseline, current));
  });

  test('sees only the part of a buffer that the view shows', async () => {
    const bytes = fs.readFileSync(files.baseline);
    const padded = Buffer.alloc(bytes.length + 300, '{');
    bytes.copy(padded, 100);
    const view = padded.subarray(100, 100 + bytes.length);
    assertSameAnswer(await diffSnapshots(view, files.current));
  });

  test('copies the bytes: what happens to the buffer later does not matter', async () => {
    const bytes = new Uint8Array(fs.readFileSync(files.baseline)).slice();
    assert.ok(bytes.length < 64 * 2 ** 20);
    const current = new Uint8Array(fs.readFileSync(files.current));
    const answer = diffSnapshots(bytes, current, {
      onProgress() {
        // The copy is done once the job reports. Detaches the memory from the view.
        if (bytes.length > 0) structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
      },
    });
    assertSameAnswer(await answer);
  });

  test('finds nothing where nothing grew', async () => {
    const same = await diffSnapshots(files.current, files.current);
    assert.equal(same.verdict, 'no-leak');
    assert.deepEqual(same.suspects, []);
    assert.deepEqual(same.growth, { nodes: 0, edges: 0, heapBytes: 0, nativeBytes: 0 });
  });

  test('gives growth per unit of work', async () => {
    const { suspects } = await diffSnapshots(files.baseline, files.current, { work: 1000 });
    assert.equal(suspects[0].growth.perWork?.items, 20);
    const { retainedBytes, perWork } = suspects[0].growth;
    assert.ok(Math.abs((perWork?.bytes ?? 0) - retainedBytes / 1000) < 1);
  });

  test('keeps as many suspects and classes as asked for', async () => {
    const options = { suspects: 0, classes: 3 };
    const short = await diffSnapshots(files.baseline, files.current, options);
    assert.equal(short.verdict, 'leak');
    assert.equal(short.suspects.length, 0);
    assert.equal(short.classes.length, 3);
  });

  test('calls nothing a suspect that grew by less than asked for', async () => {
    const { retainedBytes } = report.suspects[0].growth;
    const verdict = async (/** @type {number} */ minGrowthBytes) =>
      (await diffSnapshots(files.baseline, files.current, { minGrowthBytes })).verdict;
    assert.equal(await verdict(retainedBytes), 'leak');
    assert.equal(await verdict(retainedBytes + 1), 'no-leak');
  });

  test('matches by shape where it is asked to, and finds the same', async () => {
    assert.equal(report.matching, 'identity');
    assert.match(report.matchingReason, /^\d+ % of common node ids are of the same type and name$/);
    const options = /** @type {const} */ ({ matching: 'structural' });
    const other = await diffSnapshots(files.baseline, files.current, options);
    assert.equal(other.matching, 'structural');
    assert.equal(other.matchingReason, 'asked for');
    const [suspect] = other.suspects;
    assert.equal(suspect.fingerprint, report.suspects[0].fingerprint);
    assert.deepEqual(suspect.growth.items, { before: 100, after: 20_100 });
  });

  test('rows of merged classes add up to the nodes that have come and gone', async () => {
    const options = { classes: 1_000_000 };
    const { classes } = await diffSnapshots(files.baseline, files.current, options);
    const [older, newer] = [files.baseline, files.current].map(sizesById);
    const added = [...newer].filter(([id]) => !older.has(id));
    const removed = [...older].filter(([id]) => !newer.has(id));
    const sum = (/** @type {'added' | 'removed'} */ key) =>
      classes.reduce((total, row) => total + row[key], 0);
    // A node that has changed its class is in both, once here and once there.
    const changed = sum('added') - added.length;
    assert.ok(changed >= 0 && changed < added.length / 100, `${changed} have changed`);
    assert.equal(sum('removed'), removed.length + changed);
  });

  test('devtools rows are not to be had from a digest, and the report says so', async () => {
    const digest = path.join(files.directory, 'rows.heapdigest');
    await writeDigest(files.baseline, digest);
    const options = /** @type {const} */ ({ classRows: 'devtools' });
    const warning = /digest keeps totals of classes: the rows are not those of DevTools/;
    const other = await diffSnapshots(digest, files.current, options);
    assert.match(other.warnings.join('\n'), warning);
    const whole = await diffSnapshots(files.baseline, files.current, options);
    assert.deepEqual(whole.warnings, []);
  });

  for (const [by, pattern] of /** @type {Array<[string, (r: LeakReport) => string | RegExp]>} */ ([
    ['fingerprint', (r) => r.suspects[0].fingerprint],
    ['name', () => 'sessions'],
    ['end of the path of the file', () => 'support/growing-service.js'],
    ['regular expression on the name', () => /^sess/g],
    ['regular expression on the file', () => /growing-service\.js$/y],
  ])) {
    test(`ignores suspects by ${by}`, async () => {
      const ignore = [pattern(report)];
      const rest = await diffSnapshots(files.baseline, files.current, { ignore });
      assert.ok(rest.ignored >= 1);
      assert.ok(rest.suspects.every(({ name }) => name !== 'sessions'));
      assert.equal(rest.verdict, rest.suspects.length > 0 ? 'leak' : 'no-leak');
    });
  }

  test('keeps a suspect whose name only contains the text to ignore', async () => {
    const options = { ignore: ['session', 'service.js'] };
    const all = await diffSnapshots(files.baseline, files.current, options);
    assert.equal(all.ignored, 0);
    assert.equal(all.suspects[0].name, 'sessions');
  });

  test('reports progress up to 100 per cent', async () => {
    /** @type {import('..').Progress[]} */
    const reports = [];
    await diffSnapshots(files.baseline, files.current, {
      onProgress: (progress) => reports.push(progress),
    });
    assert.equal(reports.at(-1)?.percent, 100);
    for (const { phase, bytes, percent } of reports) {
      assert.match(phase, /^(parse|analyze)$/);
      assert.ok(bytes >= 0);
      assert.ok(percent === undefined || (percent >= 0 && percent <= 100));
    }
    const count = reports.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(reports.length, count, 'nothing is reported after the end');
  });
});

describe(
  'diffSnapshots of forks',
  { skip: process.platform !== 'linux' && 'it needs fork mode' },
  () => {
    // Of two forks ids tell nothing. What has grown by less than half is load, if nobody knows that it is one process.
    const program = `
    const { writeSnapshot } = require(${JSON.stringify(path.join(__dirname, '..'))});
    const sessions = (globalThis.sessions = new Map());
    const open = (count) => {
      for (let i = 0; i < count; i++) sessions.set('session ' + sessions.size, { user: { i } });
    };
    (async () => {
      const options = { mode: 'fork', force: true };
      open(1_000);
      await writeSnapshot(process.argv[1], options);
      await writeSnapshot(process.argv[2], { ...options, format: 'digest' });
      await writeSnapshot(process.argv[3], { ...options, redact: true });
      open(400);
      await writeSnapshot(process.argv[4], options);
    })();`;
    const play = () => {
      const directory = temporaryDirectory();
      const names = ['plain.heapsnapshot', 'digest.heapdigest', 'redacted.heapsnapshot'];
      names.push('current.heapsnapshot');
      const files = names.map((name) => path.join(directory, name));
      execFileSync(process.execPath, ['-e', program, ...files]);
      return files;
    };

    test('knows two forks of one process by the mark in it', async () => {
      const [one, other] = [play(), play()];
      const current = one[3];
      for (const baseline of one.slice(0, 3)) {
        const { matching, suspects } = await diffSnapshots(baseline, current);
        assert.equal(matching, 'structural');
        assert.equal(suspects.length, 1);
        assert.deepEqual(suspects[0].growth.items, { before: 1_000, after: 1_400 });
      }
      for (const baseline of other.slice(0, 3)) {
        const { matching, suspects } = await diffSnapshots(baseline, current);
        assert.equal(matching, 'structural');
        assert.deepEqual(suspects, []);
      }
    });
  },
);
