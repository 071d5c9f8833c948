'use strict';

const { spawnSync } = require('node:child_process');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, test } = require('node:test');
const { diffSnapshots, diffTrend } = require('..');
const { gzipped, temporaryDirectory } = require('./support/captures');

describe('diffTrend of four real captures', () => {
  /** @type {string[]} */
  let files;
  before(() => {
    const directory = temporaryDirectory();
    const program = path.join(__dirname, 'support', 'trending-service.js');
    const run = spawnSync(process.execPath, [program, directory], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    files = [1, 2, 3, 4].map((number) => path.join(directory, `${number}.heapsnapshot`));
  });

  /** @param {import('..').LeakReport} report */
  const names = ({ suspects }) => suspects.map(({ name }) => name);

  test('keeps what grows every time and drops what grew once', async () => {
    const pair = await diffSnapshots(files[0], files[3]);
    assert.deepEqual(names(pair).sort(), ['requests', 'table'], 'a pair cannot tell them apart');
    const trend = await diffTrend(files);
    assert.equal(trend.verdict, 'leak');
    assert.deepEqual(names(trend), ['requests']);
    assert.deepEqual(trend.suspects[0].growth.items, { before: 100, after: 9100 });
    assert.equal(trend.baseline.source, files[0]);
    assert.equal(trend.current.source, files[3]);
    assert.deepEqual(trend.classes, pair.classes);
  });

  test('finds nothing where only the table is left to grow', async () => {
    const ignore = ['requests'];
    const trend = await diffTrend(files, { ignore });
    assert.equal(trend.verdict, 'no-leak');
    assert.equal(trend.ignored, 1);
  });

  test('takes bytes and gzipped files as well, and options', async () => {
    const sources = [files[0], fs.readFileSync(files[1]), gzipped(files[3])];
    const { suspects } = await diffTrend(sources, { work: 9000, suspects: 1 });
    assert.equal(suspects[0].growth.perWork?.items, 1);
  });

  test('says which snapshot cannot be read', async () => {
    const missing = `${files[0]}.missing`;
    const error = { code: 'ENOENT', path: missing };
    await assert.rejects(diffTrend([files[0], missing, files[2]]), error);
    await assert.rejects(diffTrend([files[0], files[1], Buffer.from('{}')]), {
      code: 'ERR_INVALID_SNAPSHOT',
    });
  });

  test('stops when it is told to', async () => {
    await assert.rejects(diffTrend(files, { signal: AbortSignal.abort() }), { name: 'AbortError' });
    await assert.rejects(diffTrend(files, { timeoutMs: 1 }), { code: 'ERR_TIMEOUT' });
  });

  test('refuses what is no trend', async () => {
    const wrong = { code: 'ERR_INVALID_ARG' };
    await assert.rejects(diffTrend(/** @type {any} */ ('a')), { name: 'TypeError', ...wrong });
    await assert.rejects(diffTrend(['a', 'b']), wrong);
    await assert.rejects(diffTrend(/** @type {any} */ (['a', 'b', 5])), {
      message: /^sources\[2\] must be/,
      ...wrong,
    });
    const withHole = ['a', 'b', 'c'];
    delete withHole[1];
    await assert.rejects(diffTrend(withHole), { message: /^sources\[1\] must be/, ...wrong });
  });

  test('heapdiff trend prints it and exits with 1', () => {
    const program = path.join(__dirname, '..', 'bin', 'heapdiff.js');
    const args = [program, 'trend', ...files, '--json'];
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 1);
    assert.deepEqual(names(JSON.parse(stdout)), ['requests']);
    const few = spawnSync(process.execPath, [program, 'trend', 'a', 'b'], { encoding: 'utf8' });
    assert.equal(few.status, 2);
    assert.match(few.stderr, /^heapdiff: usage: heapdiff trend FILE FILE FILE/);
  });
});

describe('diffTrend of several processes', () => {
  test('follows several containers in one place together', async () => {
    const directory = temporaryDirectory();
    const program = path.join(__dirname, 'support', 'rooms.js');
    const files = [2500, 4000, 6000].map((messages) => {
      const file = path.join(directory, `${messages}.heapsnapshot`);
      const run = spawnSync(process.execPath, [program, `${messages}`, file], { encoding: 'utf8' });
      assert.equal(run.status, 0, run.stderr);
      return file;
    });
    const { suspects, matching } = await diffTrend(files);
    assert.equal(matching, 'structural');
    assert.deepEqual(
      suspects.map(({ name }) => name),
      ['messages'],
    );
    const still = await diffTrend([files[0], files[2], files[2]]);
    assert.equal(still.verdict, 'no-leak', 'it grew in one step of two');
  });
});
