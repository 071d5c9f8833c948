'use strict';

const { spawnSync } = require('node:child_process');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, test } = require('node:test');
const { diffSnapshots, openSnapshot, writeSnapshot } = require('..');
const { captureGrowingService, captureProgram, gzipped } = require('./support/captures');

const program = path.join(__dirname, '..', 'bin', 'heapdiff.js');

/** @param {string[]} args */
function heapdiff(...args) {
  return spawnSync(process.execPath, [program, ...args], { encoding: 'utf8' });
}

describe('digests', () => {
  /** @type {ReturnType<typeof captureGrowingService>} */
  let files;
  /** @type {string} */
  let digest;
  before(() => {
    files = captureGrowingService();
    digest = path.join(files.directory, 'baseline.heapdigest');
    const { status, stdout, stderr } = heapdiff('digest', files.baseline, '-o', digest);
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
  });

  test('are a fraction of the snapshot, and for the owner alone', () => {
    const { size, mode } = fs.statSync(digest);
    assert.ok(size * 8 < fs.statSync(files.baseline).size, `${size}`);
    assert.equal(mode & 0o777, 0o600);
  });

  test('give the verdict, suspects and growth of the snapshot', async () => {
    const whole = await diffSnapshots(files.baseline, files.current);
    const short = await diffSnapshots(digest, files.current);
    assert.equal(short.verdict, 'leak');
    assert.deepEqual(short.suspects, whole.suspects);
    assert.deepEqual(short.growth, whole.growth);
    assert.deepEqual(short.baseline.statistics, whole.baseline.statistics);
    assert.equal((await diffSnapshots(digest, files.baseline)).verdict, 'no-leak');
  });

  test('know of each of many small containers what it was', async () => {
    const { directory, baseline, current } = captureProgram('many-carts.js');
    const short = path.join(directory, 'baseline.heapdigest');
    assert.equal(heapdiff('digest', baseline, '-o', short).status, 0);
    assert.ok(fs.statSync(short).size < 500_000, `${fs.statSync(short).size}`);
    for (const matching of /** @type {const} */ (['identity', 'structural'])) {
      const whole = await diffSnapshots(baseline, current, { matching });
      const { suspects } = await diffSnapshots(short, current, { matching });
      assert.deepEqual(suspects, whole.suspects, matching);
      assert.match(suspects[0].summary, / in 25,000 Array objects inside it /);
      const grew = suspects.map(({ name, growth }) => [name, growth.items]);
      assert.deepEqual(grew, [
        ['carts', { before: 25_000, after: 125_000 }],
        ['flags', { before: 1, after: 5_001 }],
      ]);
    }
  });

  test('are told by content, as a path and as bytes', async () => {
    const renamed = path.join(files.directory, 'digest.heapsnapshot');
    fs.copyFileSync(digest, renamed);
    assert.equal((await diffSnapshots(renamed, files.current)).suspects[0].name, 'sessions');
    const bytes = fs.readFileSync(digest);
    assert.equal((await diffSnapshots(bytes, files.current)).suspects[0].name, 'sessions');
  });

  test('and snapshots are told apart in a pipe as well', () => {
    const command = 'cat "$0" | "$1" "$2" diff /dev/stdin "$3" --json';
    for (const baseline of [digest, files.baseline, gzipped(files.baseline)]) {
      const args = ['-c', command, baseline, process.execPath, program, files.current];
      const { stdout, stderr } = spawnSync('sh', args, { encoding: 'utf8' });
      assert.equal(stderr, '');
      const { source, nodeCount } = JSON.parse(stdout).baseline;
      assert.equal(source, '/dev/stdin');
      assert.ok(nodeCount > 10_000);
    }
  });

  test('can be made from a gzipped snapshot', () => {
    const other = path.join(files.directory, 'packed.heapdigest');
    assert.equal(heapdiff('digest', gzipped(files.baseline), '-o', other).status, 0);
    const { status, stdout } = heapdiff('diff', other, files.current, '--json');
    assert.equal(status, 1);
    assert.equal(JSON.parse(stdout).suspects[0].name, 'sessions');
  });

  test('that are damaged anywhere are refused', async () => {
    const bytes = fs.readFileSync(digest);
    for (let i = 0; i < 40; i++) {
      const damaged = Buffer.from(bytes);
      damaged[Math.floor((bytes.length * i) / 40)] ^= 0x41;
      const error = { code: /^ERR_(INVALID|TRUNCATED)_SNAPSHOT$/ };
      await assert.rejects(diffSnapshots(damaged, files.current), error, `byte ${i}/40`);
    }
    for (const length of [9, 20, 100, bytes.length >> 1, bytes.length - 1]) {
      const error = { code: /^ERR_(INVALID|TRUNCATED)_SNAPSHOT$/ };
      await assert.rejects(diffSnapshots(bytes.subarray(0, length), files.current), error);
    }
    const longer = Buffer.concat([bytes, Buffer.from('ab')]);
    await assert.rejects(diffSnapshots(longer, files.current), {
      code: 'ERR_INVALID_SNAPSHOT',
      offset: bytes.length,
      message: /2 bytes follow the end of the digest/,
    });
  });

  test('that are cut off at once say so', async () => {
    const bytes = fs.readFileSync(digest);
    const cut = path.join(files.directory, 'cut.heapdigest');
    for (const length of [1, 10, 11, 24]) {
      fs.writeFileSync(cut, bytes.subarray(0, length));
      for (const baseline of [cut, bytes.subarray(0, length)]) {
        const error = { code: 'ERR_TRUNCATED_SNAPSHOT', offset: length };
        await assert.rejects(diffSnapshots(baseline, files.current), error);
      }
    }
  });

  test('are no snapshot to look around in or to be compared with an older one', async () => {
    const error = { code: 'ERR_INVALID_SNAPSHOT', message: /digest/ };
    await assert.rejects(openSnapshot(digest), error);
    await assert.rejects(diffSnapshots(files.baseline, digest), error);
  });

  for (const mode of /** @type {const} */ (['inline', 'fork'])) {
    const skip = mode === 'fork' && process.platform !== 'linux' && 'no fork mode here';
    test(`of the live heap (${mode}) know when V8 began`, { skip }, async () => {
      const file = path.join(files.directory, `${mode}.heapdigest`);
      const { takenAt } = await writeSnapshot(file, { format: 'digest', mode });
      const { baseline } = await diffSnapshots(file, files.current);
      assert.equal(baseline.takenAt, takenAt);
    });
  }

  test('are not left half-written', () => {
    const missing = path.join(files.directory, 'missing', 'x.heapdigest');
    const errors = [
      heapdiff('digest', files.baseline, '-o', missing),
      heapdiff('digest', `${files.baseline}.missing`, '-o', `${digest}.new`),
      heapdiff('digest', files.baseline),
    ];
    for (const { status, stderr } of errors) {
      assert.equal(status, 2);
      assert.match(stderr, /^heapdiff: .*\n$/);
    }
    assert.ok(!fs.existsSync(`${digest}.new`));
    assert.deepEqual(
      fs.readdirSync(files.directory).filter((name) => name.includes('tmp')),
      [],
    );
  });
});
