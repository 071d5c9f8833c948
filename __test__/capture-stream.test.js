'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { Writable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const { describe, it } = require('node:test');
const vm = require('node:vm');
const zlib = require('node:zlib');

const { diffSnapshots, snapshotStream, writeSnapshot } = require('..');
const { temporaryDirectory } = require('./support/captures');

const packagePath = JSON.stringify(path.join(__dirname, '..'));
/** @type {Array<'inline' | 'fork'>} */
const modes = process.platform === 'linux' ? ['inline', 'fork'] : ['inline'];

class StreamedThing {}
const things = Array.from({ length: 123 }, () => new StreamedThing());

/** @param {string} json */
function assertWhole(json) {
  const { snapshot, nodes, strings } = JSON.parse(json);
  assert.equal(nodes.length, snapshot.node_count * snapshot.meta.node_fields.length);
  assert.ok(strings.includes('StreamedThing'));
}

for (const mode of modes) {
  describe(`snapshotStream, ${mode}`, () => {
    it('delivers a whole snapshot', async () => {
      const file = path.join(temporaryDirectory(), 'a');
      /** @type {import('..').Progress | undefined} */
      let reported;
      const onProgress = (/** @type {import('..').Progress} */ progress) => (reported = progress);
      await pipeline(snapshotStream({ mode, onProgress }), fs.createWriteStream(file));
      assertWhole(fs.readFileSync(file, 'utf8'));
      const bytes = fs.statSync(file).size;
      assert.deepEqual(reported, { phase: 'write', bytes, totalBytes: bytes, percent: 100 });
      assert.equal(things.length, 123);
    });

    it('compresses', async () => {
      const chunks = await snapshotStream({ mode, gzip: true }).toArray();
      assertWhole(zlib.gunzipSync(Buffer.concat(chunks)).toString());
    });

    it('is the only capture until it ends, and lets the next one in when it is destroyed', async () => {
      const file = path.join(temporaryDirectory(), 'a');
      const stream = snapshotStream({ mode });
      await new Promise((resolve) => stream.once('readable', resolve));
      await assert.rejects(writeSnapshot(file), { code: 'ERR_SNAPSHOT_BUSY' });
      stream.destroy();
      await new Promise((resolve) => stream.once('close', resolve));
      await writeSnapshot(file);
      assertWhole(fs.readFileSync(file, 'utf8'));
    });

    it('lets the next one in when a loop over it is left', async () => {
      const file = path.join(temporaryDirectory(), 'a');
      for await (const block of snapshotStream({ mode })) {
        assert.ok(block.length > 0);
        break;
      }
      await writeSnapshot(file);
      assertWhole(fs.readFileSync(file, 'utf8'));
    });

    it('ends with the signal', async () => {
      const controller = new AbortController();
      const stream = snapshotStream({ mode, signal: controller.signal });
      const read = (async () => {
        for await (const _ of stream) controller.abort('enough');
      })();
      await assert.rejects(read, { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
    });

    it('ends in time also if the reader stalls', async () => {
      const stream = snapshotStream({ mode, timeoutMs: 3000 });
      // The limit alone does not keep a process alive.
      const alive = setInterval(() => {}, 1000);
      const failed = new Promise((resolve) => stream.once('error', resolve));
      const closed = new Promise((resolve) => stream.once('close', resolve));
      await new Promise((resolve) => stream.once('readable', resolve));
      assert.equal(/** @type {any} */ (await failed).code, 'ERR_TIMEOUT');
      await closed;
      clearInterval(alive);
      await writeSnapshot(path.join(temporaryDirectory(), 'a'));
    });

    it('ends with a signal that is not of this realm', async () => {
      const { AbortController: Other } = vm.runInNewContext(POLYFILL);
      const controller = new Other();
      const stream = snapshotStream({ mode, signal: controller.signal });
      const read = (async () => {
        for await (const _ of stream) controller.abort('enough');
      })();
      await assert.rejects(read, { name: 'AbortError', code: 'ABORT_ERR', cause: 'enough' });
      assert.equal(controller.signal.listeners.size, 0);
      await writeSnapshot(path.join(temporaryDirectory(), 'a'));
    });
  });
}

/** What a polyfill has, as far as it is needed. */
const POLYFILL = `({
  AbortController: class {
    signal = {
      aborted: false,
      listeners: new Set(),
      addEventListener(name, listener) { this.listeners.add(listener); },
      removeEventListener(name, listener) { this.listeners.delete(listener); },
    };
    abort(reason) {
      Object.assign(this.signal, { aborted: true, reason });
      for (const listener of this.signal.listeners) listener();
    }
  },
})`;

describe('snapshotStream', () => {
  it('does not begin if the signal is aborted already', async () => {
    const stream = snapshotStream({ signal: AbortSignal.abort('too late') });
    await assert.rejects(stream.toArray(), { code: 'ABORT_ERR', cause: 'too late' });
  });

  it('costs no more memory for a slow reader', { skip: modes.length < 2 }, () => {
    const source = `
      const { snapshotStream } = require(${packagePath});
      const { Writable } = require('node:stream');
      globalThis.heap = Array.from({ length: 50000 }, (_, i) => ({ i, text: 'text ' + i }));
      (async () => {
        let least = Infinity, most = 0, bytes = 0;
        const slow = new Writable({
          write(chunk, _, done) {
            bytes += chunk.length;
            const { rss } = process.memoryUsage();
            [least, most] = [Math.min(least, rss), Math.max(most, rss)];
            setTimeout(done, 5);
          },
        });
        await require('node:stream/promises').pipeline(snapshotStream({ mode: 'fork' }), slow);
        console.log(JSON.stringify({ bytes, extra: most - least }));
      })();`;
    const run = spawnSync(process.execPath, ['-e', source], { encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    const { bytes, extra } = JSON.parse(run.stdout);
    assert.ok(bytes > 8e6, run.stdout);
    assert.ok(extra < 16e6, run.stdout);
  });

  it('refuses what it cannot use, and fails where a capture does', async () => {
    assert.throws(() => snapshotStream({ mode: /** @type {any} */ ('x') }), {
      code: 'ERR_INVALID_ARG',
    });
    assert.throws(() => snapshotStream({ gzip: 11 }), { code: 'ERR_INVALID_ARG' });
    await assert.rejects(snapshotStream({ mode: 'inline', maxPauseMs: 1 }).toArray(), {
      code: 'ERR_CAPTURE_REFUSED',
    });
  });

  it('ends when its reader fails', async () => {
    const broken = new Writable({ write: (_chunk, _encoding, done) => done(new Error('full')) });
    await assert.rejects(pipeline(snapshotStream(), broken), { message: 'full' });
    const file = path.join(temporaryDirectory(), 'a');
    const deadline = Date.now() + 10_000;
    for (;;) {
      const code = await writeSnapshot(file).then(
        () => 'written',
        (error) => error.code,
      );
      if (code === 'written') break;
      assert.equal(code, 'ERR_SNAPSHOT_BUSY');
      assert.ok(Date.now() < deadline);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});

describe('diffSnapshots with the live heap', () => {
  for (const mode of modes) {
    it(`reads it from the pipe, ${mode}`, async () => {
      const file = path.join(temporaryDirectory(), 'baseline');
      await writeSnapshot(file, { mode: 'inline' });
      const report = await diffSnapshots(file, null, { mode });
      assert.equal(report.current.source, 'the live heap');
      assert.ok(report.current.nodeCount > 1000);
      const { captureMs = 0, pauseMs = 0, totalMs } = report.timings;
      assert.ok(pauseMs > 0 && captureMs >= pauseMs && totalMs >= captureMs);
      assert.ok(Date.parse(String(report.current.takenAt)) > 0);
    });
  }
});
