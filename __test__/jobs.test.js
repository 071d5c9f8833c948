'use strict';

// What a running job does to the rest of the process: nothing.

const { execFileSync, spawn, spawnSync } = require('node:child_process');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, test } = require('node:test');
const { setTimeout: sleep } = require('node:timers/promises');
const { pathToFileURL } = require('node:url');
const { Worker } = require('node:worker_threads');
const { diffSnapshots, diffTrend, openSnapshot, writeSnapshot } = require('..');
const { captureGrowingService, gzipped } = require('./support/captures');
const { jobThreads, slowSnapshot } = require('./support/fifo');

const heapdiff = JSON.stringify(path.join(__dirname, '..'));
const isLinux = process.platform === 'linux';
const program = path.join(__dirname, '..', 'bin', 'heapdiff.js');

describe('jobs', () => {
  /** @type {ReturnType<typeof captureGrowingService>} */
  let files;
  before(() => {
    files = captureGrowingService();
  });

  test('timers keep firing while a diff runs', async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    const ticksAtEnd = diffSnapshots(files.baseline, files.current).then(() => ticks);
    await ticksAtEnd;
    clearInterval(timer);
    assert.ok((await ticksAtEnd) > 3, `${await ticksAtEnd} ticks`);
  });

  test('relative paths and file URLs count from where the process was at the call', async () => {
    const before = process.cwd();
    const [baseline, current] = [files.baseline, files.current].map((file) => path.basename(file));
    process.chdir(files.directory);
    const diffed = diffSnapshots(baseline, pathToFileURL(current));
    const opened = openSnapshot(baseline);
    const trend = diffTrend([baseline, baseline, current]);
    const written = writeSnapshot(pathToFileURL('by-url.heapsnapshot'), { mode: 'inline' });
    process.chdir(before);
    assert.equal((await diffed).baseline.source, baseline);
    assert.equal((await diffed).current.source, files.current);
    (await opened).close();
    await trend;
    assert.equal((await written).path, path.join(files.directory, 'by-url.heapsnapshot'));
    assert.ok(fs.existsSync((await written).path));
  });

  for (const [name, call] of /** @type {Array<[string, typeof diffTwo]>} */ ([
    ['two snapshots', diffTwo],
    ['two compressed ones', (...args) => diffTwo(...args, gzipped)],
    ['a digest', diffDigest],
    ['several snapshots', diffThree],
    ['one snapshot', openOne],
  ])) {
    test(`progress of ${name} never goes back within a phase`, async () => {
      /** @type {Map<string, import('..').Progress>} */
      const reached = new Map();
      await call(files, (progress) => {
        const { phase, bytes, percent = 0 } = progress;
        const before = reached.get(phase);
        const told = JSON.stringify([before, progress]);
        assert.ok(bytes >= (before?.bytes ?? 0), told);
        assert.ok(percent >= (before?.percent ?? 0) && percent <= 100, told);
        reached.set(phase, progress);
      });
      assert.equal(reached.get('analyze')?.percent, 100);
    });
  }

  test('an asynchronous onProgress that fails stops the job', async () => {
    const error = new Error('mine');
    for (const call of [diffTwo, openOne]) {
      await assert.rejects(
        call(files, async () => Promise.reject(error)),
        error,
      );
    }
  });

  test('several diffs at once', async () => {
    const reports = await Promise.all(
      Array.from({ length: 6 }, () => diffSnapshots(files.baseline, files.current)),
    );
    for (const { suspects } of reports) assert.equal(suspects[0].name, 'sessions');
  });

  test('several worker threads at once', async () => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads');
      const { diffSnapshots } = require(${heapdiff});
      diffSnapshots(...workerData).then(({ suspects }) => parentPort.postMessage(suspects[0].name));`;
    const workerData = [files.baseline, files.current];
    const workers = Array.from({ length: 4 }, () => new Worker(source, { eval: true, workerData }));
    const messages = await Promise.all(workers.map((worker) => once(worker, 'message')));
    assert.deepEqual(messages.flat(), ['sessions', 'sessions', 'sessions', 'sessions']);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });

  test("libuv's thread pool is not used", { skip: !isLinux }, async () => {
    // One thread in the pool, and four jobs that wait for bytes: a job in the pool would keep the
    // file operation waiting for ever.
    const program = `
      const fs = require('node:fs');
      const { diffSnapshots } = require(${heapdiff});
      const [file, ...slow] = process.argv.slice(1);
      for (const path of slow) diffSnapshots(path, file).catch(() => {});
      fs.promises.readFile(file).then((bytes) => {
        console.log(bytes.length);
        process.exit(0);
      });`;
    const slow = Array.from({ length: 4 }, () => slowSnapshot(files.directory, files.baseline));
    const args = ['-e', program, files.baseline, ...slow.map((each) => each.path)];
    const env = { ...process.env, UV_THREADPOOL_SIZE: '1' };
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [printed] = await once(child.stdout, 'data');
    assert.equal(Number(printed), fs.statSync(files.baseline).size);
    const [status] = await once(child, 'close');
    assert.equal(status, 0, 'process.exit() ends the process while the jobs still wait');
    for (const each of slow) each.close();
  });

  test('worker.terminate() in the middle of a diff', { skip: !isLinux }, async () => {
    const slow = slowSnapshot(files.directory, files.current);
    const source = `
      const { workerData } = require('node:worker_threads');
      require(${heapdiff}).diffSnapshots(...workerData);`;
    const workerData = [files.baseline, slow.path];
    const worker = new Worker(source, { eval: true, workerData });
    await slow.feed(0.5);
    assert.notDeepEqual(jobThreads(), [], 'the job is in the middle of its input');

    assert.equal(await worker.terminate(), 1, 'terminate() does not wait for the job');
    await threadsGone();
    slow.close();
    assert.equal((await diffSnapshots(files.baseline, files.current)).verdict, 'leak');
  });

  test('an aborted job ends, and its thread with it', { skip: !isLinux }, async () => {
    const slow = slowSnapshot(files.directory, files.current);
    const controller = new AbortController();
    const { signal } = controller;
    const promise = diffSnapshots(files.baseline, slow.path, { signal });
    await slow.feed(0.5);
    controller.abort();
    await assert.rejects(promise, { name: 'AbortError', code: 'ABORT_ERR' });
    await threadsGone();
    slow.close();
  });

  for (const share of [0, 0.3, 0.99]) {
    const name = `a pipe that is silent after ${share * 100} % does not keep a job that is to end`;
    test(name, { skip: !isLinux }, async () => {
      const slow = slowSnapshot(files.directory, files.current);
      const controller = new AbortController();
      const { signal } = controller;
      const promise = diffSnapshots(files.baseline, slow.path, { signal });
      promise.catch(() => {});
      await slow.feed(share);
      await sleep(50);
      const startedAt = performance.now();
      controller.abort();
      await assert.rejects(promise, { code: 'ABORT_ERR' });
      assert.ok(performance.now() - startedAt < 2000);
      await threadsGone();
      slow.close();
    });
  }

  test(
    'a named pipe that nobody writes to does not keep one either',
    { skip: !isLinux },
    async () => {
      const fifo = path.join(files.directory, 'nobody');
      execFileSync('mkfifo', [fifo]);
      await Promise.all([
        assert.rejects(diffSnapshots(fifo, files.current, { timeoutMs: 500 }), {
          code: 'ERR_TIMEOUT',
        }),
        assert.rejects(openSnapshot(fifo, { signal: AbortSignal.timeout(200) }), {
          code: 'ABORT_ERR',
        }),
      ]);
      await threadsGone();
    },
  );

  test('a job keeps the process alive until it has settled', () => {
    const program = `
      const { diffSnapshots } = require(${heapdiff});
      diffSnapshots(...process.argv.slice(1)).then(({ verdict }) => console.log(verdict));`;
    const args = ['-e', program, files.baseline, files.current];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: 'leak\n', stderr: '' });
  });

  test('settled jobs leave no callback behind', async () => {
    const missing = path.join(files.directory, 'missing');
    const registry = new FinalizationRegistry(() => collected++);
    let collected = 0;
    const jobs = 300;
    for (let i = 0; i < jobs; i++) {
      const onProgress = () => i;
      registry.register(onProgress, i);
      await diffSnapshots(missing, missing, { onProgress }).catch(() => {});
    }
    const { setFlagsFromString } = require('node:v8');
    setFlagsFromString('--expose-gc');
    const gc = require('node:vm').runInNewContext('gc');
    for (let i = 0; i < 50 && collected < jobs - 1; i++) {
      gc();
      await sleep(10);
    }
    assert.ok(collected >= jobs - 1, `${collected} of ${jobs} callbacks were collected`);
  });
});

/**
 * @param {ReturnType<typeof captureGrowingService>} files
 * @param {(progress: import('..').Progress) => void} onProgress
 * @param {(file: string) => string} prepare
 */
async function diffTwo({ baseline, current }, onProgress, prepare = (file) => file) {
  await diffSnapshots(prepare(baseline), prepare(current), { onProgress });
}

/** @type {typeof diffTwo} */
async function diffDigest({ baseline, current }, onProgress) {
  const digest = `${baseline}.heapdigest`;
  spawnSync(process.execPath, [program, 'digest', baseline, '-o', digest]);
  await diffSnapshots(digest, current, { onProgress });
}

/** @type {typeof diffTwo} */
async function diffThree({ baseline, current }, onProgress) {
  await diffTrend([baseline, current, current], { onProgress });
}

/** @type {typeof diffTwo} */
async function openOne({ current }, onProgress) {
  (await openSnapshot(current, { onProgress })).close();
}

/** Waits until no native thread of a job is left. */
async function threadsGone() {
  for (let i = 0; i < 500; i++) {
    if (jobThreads().length === 0) return;
    await sleep(10);
  }
  assert.fail(`still running: ${jobThreads()}`);
}
