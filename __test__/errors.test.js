'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, test } = require('node:test');
const zlib = require('node:zlib');
const { diffSnapshots, diffTrend, openSnapshot } = require('..');
const { captureGrowingService, gzipped } = require('./support/captures');

/**
 * @param {Promise<unknown>} promise
 * @returns {Promise<import('..').HeapdiffError>}
 */
async function rejection(promise) {
  return promise.then(
    () => assert.fail('it resolved'),
    (error) => {
      assert.ok(error instanceof Error);
      return /** @type {import('..').HeapdiffError} */ (error);
    },
  );
}

describe('errors of real files', () => {
  /** @type {ReturnType<typeof captureGrowingService>} */
  let files;
  /** @type {Buffer} */
  let bytes;
  before(() => {
    files = captureGrowingService();
    bytes = fs.readFileSync(files.baseline);
  });

  test('a missing file has the errno code, call and path', async () => {
    const missing = path.join(files.directory, 'missing.heapsnapshot');
    const error = await rejection(diffSnapshots(files.baseline, missing));
    assert.equal(error.code, 'ENOENT');
    assert.equal(error.syscall, 'open');
    assert.equal(error.path, missing);
    assert.equal(error.errno, -2);
    assert.equal(error.message, `ENOENT: no such file or directory, open '${missing}'`);
  });

  test('a directory is no snapshot', async () => {
    const error = await rejection(diffSnapshots(files.directory, files.current));
    assert.equal(error.code, 'EISDIR');
    assert.equal(error.path, files.directory);
  });

  test('a file that may not be read', { skip: process.getuid?.() === 0 }, async () => {
    const secret = path.join(files.directory, 'secret.heapsnapshot');
    fs.writeFileSync(secret, bytes, { mode: 0 });
    assert.equal((await rejection(openSnapshot(secret))).code, 'EACCES');
  });

  for (const [what, content] of /** @type {Array<[string, string | Buffer]>} */ ([
    ['text', 'this is no snapshot'],
    ['another JSON document', '{"name":"heapdiff","version":1}'],
    ['an array', '[1,2,3]'],
    ['zeros', Buffer.alloc(4096)],
    ['another gzipped document', zlib.gzipSync('{"name":"heapdiff"}')],
    [
      'nodes without a meaning',
      '{"snapshot":{"meta":{},"node_count":0,"edge_count":0},"nodes":[]}',
    ],
  ])) {
    test(`${what} is no snapshot`, async () => {
      const error = await rejection(diffSnapshots(Buffer.from(content), bytes));
      assert.equal(error.code, 'ERR_INVALID_SNAPSHOT');
      assert.equal(typeof error.offset, 'number');
      assert.match(error.message, /at byte \d+/);
    });
  }

  test('of several snapshots, the error says which cannot be read', async () => {
    const broken = path.join(files.directory, 'broken.heapsnapshot');
    fs.writeFileSync(broken, bytes.subarray(0, bytes.length >> 1));
    const digest = path.join(files.directory, 'broken.heapdigest');
    fs.writeFileSync(digest, 'heapdigest\0');
    for (const [file, call] of /** @type {Array<[string, () => Promise<unknown>]>} */ ([
      [broken, () => diffSnapshots(broken, files.current)],
      [broken, () => diffSnapshots(files.baseline, broken)],
      [broken, () => diffTrend([files.baseline, broken, files.current])],
      [broken, () => openSnapshot(broken)],
      [digest, () => diffSnapshots(digest, files.current)],
    ])) {
      const error = await rejection(call());
      assert.equal(error.code, 'ERR_TRUNCATED_SNAPSHOT');
      assert.equal(error.source, file);
      assert.ok(error.message.startsWith(`${file}: the heap snapshot is cut off: `), error.message);
    }
    const error = await rejection(openSnapshot(bytes.subarray(0, 9)));
    assert.equal(error.source, 'bytes');
  });

  test('a snapshot whose edge points outside is inconsistent', async () => {
    const text = bytes.toString();
    const at = text.indexOf('"edges":[') + '"edges":['.length;
    const comma = [0, 1].reduce((from) => text.indexOf(',', from) + 1, at);
    const end = text.indexOf('\n', comma);
    const broken = `${text.slice(0, comma)}999999999${text.slice(end)}`;
    const error = await rejection(diffSnapshots(Buffer.from(broken), bytes));
    assert.equal(error.code, 'ERR_INVALID_SNAPSHOT');
    assert.ok(Math.abs((error.offset ?? 0) - comma) < 64, `${error.offset} is near ${comma}`);
  });

  test('a file that is cut off anywhere says so', async () => {
    const text = bytes.toString('latin1');
    const marks = ['"nodes":[', '"edges":[', '"strings":[', '"locations":['];
    const atMarks = marks.flatMap((mark) => {
      const at = text.indexOf(mark);
      return [at, at + 3, at + mark.length, at + mark.length + 5];
    });
    const spread = Array.from({ length: 24 }, (_, i) => Math.floor((bytes.length * i) / 24) + 1);
    const atEnd = [1, 2, 3, 10, 100].map((less) => bytes.length - 1 - less);
    for (const length of [0, 1, 2, 10, ...atMarks, ...spread, ...atEnd]) {
      const error = await rejection(openSnapshot(bytes.subarray(0, length)));
      assert.equal(error.code, 'ERR_TRUNCATED_SNAPSHOT', `${length}: ${error.message}`);
      assert.ok((error.offset ?? -1) <= length, `${error.offset} of ${length}`);
    }
  });

  test('a gzipped file that is cut off says so', async () => {
    const packed = fs.readFileSync(gzipped(files.baseline));
    for (const length of [3, 11, 1000, packed.length >> 1, packed.length - 5]) {
      const error = await rejection(openSnapshot(packed.subarray(0, length)));
      assert.equal(error.code, 'ERR_TRUNCATED_SNAPSHOT', `${length}: ${error.message}`);
    }
  });

  test('a gzipped file with a changed byte is not believed', async () => {
    const packed = fs.readFileSync(gzipped(files.baseline));
    packed[packed.length >> 1] ^= 0x55;
    const error = await rejection(openSnapshot(packed));
    assert.match(error.code, /^ERR_(INVALID|TRUNCATED)_SNAPSHOT$/);
  });

  test('a signal that is aborted already', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    const error = await rejection(diffSnapshots(files.baseline, files.current, { signal }));
    assert.equal(error.name, 'AbortError');
    assert.equal(error.code, 'ABORT_ERR');
    assert.equal(error.cause, signal.reason);
  });

  test('a signal that is aborted while the job runs', async () => {
    const controller = new AbortController();
    const promise = diffSnapshots(files.baseline, files.current, { signal: controller.signal });
    setImmediate(() => controller.abort());
    const error = await rejection(promise);
    assert.equal(error.name, 'AbortError');
    assert.equal(error.code, 'ABORT_ERR');
    assert.equal(error.cause, controller.signal.reason);
  });

  test('a job takes its listener off the signal', async () => {
    const { getEventListeners } = require('node:events');
    const { signal } = new AbortController();
    await diffSnapshots(files.baseline, files.current, { signal });
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('a time that is over', async () => {
    const error = await rejection(diffSnapshots(files.baseline, files.current, { timeoutMs: 1 }));
    assert.equal(error.code, 'ERR_TIMEOUT');
    assert.match(error.message, /timeoutMs/);
  });

  test('a callback that throws stops the job and rejects with its own error', async () => {
    const failure = new Error('the callback failed');
    const error = await rejection(
      diffSnapshots(files.baseline, files.current, {
        onProgress() {
          throw failure;
        },
      }),
    );
    assert.equal(error, failure);
  });

  test('an error of a native thread shows who called', async () => {
    async function theCaller() {
      return await openSnapshot(path.join(files.directory, 'missing'));
    }
    const error = await rejection(theCaller());
    assert.match(error.stack ?? '', /theCaller/);
    assert.equal(error.name, 'HeapdiffError');
  });
});
