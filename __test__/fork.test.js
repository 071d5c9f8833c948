'use strict';

const assert = require('node:assert/strict');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { describe, it } = require('node:test');
const { Worker } = require('node:worker_threads');

const { writeSnapshot } = require('..');
const { temporaryDirectory } = require('./support/captures');

const packagePath = JSON.stringify(path.join(__dirname, '..'));
const supported = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

class ForkedThing {
  /** @param {number} number */
  constructor(number) {
    this.number = number;
    this.text = `thing ${number}`;
  }
}
const things = Array.from({ length: 20_000 }, (_, i) => new ForkedThing(i));

/**
 * @param {string} file
 * @returns {Map<string, number>} How many objects there are of each class.
 */
function objectCounts(file) {
  const { snapshot, nodes, strings } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const object = types[0].indexOf('object');
  const counts = new Map();
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (nodes[at + fields.indexOf('type')] !== object) continue;
    const name = strings[nodes[at + fields.indexOf('name')]];
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** @returns {number[]} The children of this process that are not reaped: running ones and zombies. */
function children() {
  return fs.readdirSync('/proc').filter(isOwnChild).map(Number);
}

/** @param {string} pid */
function isOwnChild(pid) {
  if (!/^\d+$/.test(pid)) return false;
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === process.pid;
  } catch {
    return false;
  }
}

/** @returns {Promise<number>} The capturing child, as soon as there is one. */
async function capturingChild() {
  for (;;) {
    for (const pid of children()) {
      const name = fs.readFileSync(`/proc/${pid}/comm`, 'utf8');
      if (name === 'heapdiff-child\n') return pid;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

describe('fork mode', { skip: !supported && 'it needs Linux on x64 or arm64' }, () => {
  it('writes the same snapshot as inline mode, and tells the truth about it', async () => {
    const directory = temporaryDirectory();
    const [a, b] = ['a', 'b'].map((name) => path.join(directory, name));
    const inline = await writeSnapshot(a, { mode: 'inline' });
    const forked = await writeSnapshot(b, { mode: 'fork' });
    assert.equal(forked.mode, 'fork');
    assert.ok(forked.attempts >= 1 && forked.attempts <= 3);
    assert.equal(forked.bytes, fs.statSync(b).size);
    assert.ok(forked.rss.peak > forked.rss.before, JSON.stringify(forked.rss));
    assert.ok(forked.pauseMs < inline.pauseMs, `${forked.pauseMs} < ${inline.pauseMs}`);
    const { mappings = 0, findMs = 0, forkMs = 0, restoreMs = 0 } = forked.fork ?? {};
    assert.ok(mappings > 10 && findMs > 0 && forkMs > 0 && restoreMs > 0);
    assert.ok(findMs + forkMs + restoreMs <= forked.pauseMs);
    assert.equal(inline.fork, undefined);
    assert.notEqual(forked.isolateId, inline.isolateId);
    assert.ok(forked.isolateId.startsWith(inline.isolateId));
    const [before, after] = [objectCounts(a), objectCounts(b)];
    for (const name of ['ForkedThing', 'Worker', 'Module', 'Map', 'Set']) {
      assert.equal(after.get(name), before.get(name), name);
    }
    assert.equal(after.get('ForkedThing'), things.length);
    assert.deepEqual(children(), []);
  });

  it('counts the memory of the child for a digest as for a snapshot', async () => {
    const file = path.join(temporaryDirectory(), 'a');
    const kept = Array.from({ length: 150_000 }, (_, i) => ({ i }));
    const peaks = [];
    for (const format of /** @type {const} */ (['snapshot', 'digest'])) {
      const { rss } = await writeSnapshot(file, { mode: 'fork', format });
      peaks.push(rss.peak - rss.before);
    }
    assert.ok(peaks[1] > peaks[0] / 2 && peaks[0] > 100e6, `${peaks}`);
    assert.equal(kept.length, 150_000);
  });

  it('keeps the ids of what an inline snapshot has seen', async () => {
    const directory = temporaryDirectory();
    const [a, b] = ['a', 'b'].map((name) => path.join(directory, name));
    await writeSnapshot(a, { mode: 'inline' });
    await writeSnapshot(b, { mode: 'fork' });
    const [before, after] = [idsOf(a), idsOf(b)];
    assert.equal(before.size, things.length);
    assert.deepEqual(before, after);
  });

  it('serves requests, workers and children meanwhile', async () => {
    const file = path.join(temporaryDirectory(), 'a');
    const server = http.createServer((request, response) => response.end(request.url));
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
    const worker = new Worker(
      `const { parentPort } = require('node:worker_threads');
       parentPort.on('message', (n) => parentPort.postMessage(n + 1));`,
      { eval: true },
    );
    let running = true;
    let served = 0;
    const load = (async () => {
      for (let i = 0; running; i++) {
        const body = await (await fetch(`http://127.0.0.1:${port}/${i}`)).text();
        assert.equal(body, `/${i}`);
        const answer = once(worker, 'message');
        worker.postMessage(i);
        assert.deepEqual(await answer, [i + 1]);
        if (i % 5 === 0) assert.equal(String(execFileSync('echo', [`${i}`])), `${i}\n`);
        served += 1;
      }
    })();
    for (let round = 0; round < 2; round++) {
      const info = await writeSnapshot(file, { mode: 'fork' });
      assert.equal(objectCounts(file).get('ForkedThing'), things.length);
      assert.equal(info.mode, 'fork');
    }
    running = false;
    await load;
    assert.ok(served > 0);
    await worker.terminate();
    server.close();
    server.closeAllConnections();
    assert.deepEqual(children(), []);
  });

  it('gives the child nothing of the service but the pipe', async () => {
    const file = path.join(temporaryDirectory(), 'a');
    const server = http.createServer();
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const written = writeSnapshot(file, { mode: 'fork' });
    const pid = await capturingChild();
    // It sets itself up within moments of the fork.
    const targets = await eventually(() => {
      const fds = fs.readdirSync(`/proc/${pid}/fd`);
      const links = fds.map((fd) => fs.readlinkSync(`/proc/${pid}/fd/${fd}`));
      const others = links.filter((link) => link !== '/dev/null');
      return others.every((link) => link.startsWith('pipe:')) && new Set(others);
    });
    assert.ok(targets.size <= 1, [...targets].join());
    await eventually(() => fs.readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8') === '1000\n');
    await written;
    server.close();
  });

  it('keeps what runs in the child from files and other processes', () => {
    // Destructors of addons run there, which a test without one cannot have. But so does this getter:
    // Node looks whether the path that it is given is a URL.
    const cwd = temporaryDirectory();
    fs.writeFileSync(path.join(cwd, 'journal'), 'precious');
    const source = `
      const fs = require('node:fs');
      const { writeSnapshot } = require(${packagePath});
      const service = process.pid;
      let signals = 0;
      process.on('SIGUSR2', () => (signals += 1));
      const harm = [
        () => fs.unlinkSync('journal'),
        () => fs.renameSync('journal', 'other'),
        () => fs.truncateSync('journal'),
        () => fs.writeFileSync('new', ''),
        () => process.kill(service, 'SIGUSR2'),
      ];
      Object.defineProperty(Object.prototype, 'href', {
        configurable: true,
        get() {
          // It is asked for the paths below, too.
          if (process.ppid !== service) return;
          for (const one of harm.splice(0)) try { one(); } catch {}
        },
      });
      writeSnapshot('snapshot', { mode: 'fork' }).then(({ warnings }) => {
        delete Object.prototype.href;
        setTimeout(() => console.log(JSON.stringify({ signals, warnings })), 20);
      });`;
    const told = JSON.parse(String(execFileSync(process.execPath, ['-e', source], { cwd })));
    assert.deepEqual(fs.readdirSync(cwd).sort(), ['journal', 'snapshot']);
    assert.equal(fs.readFileSync(path.join(cwd, 'journal'), 'utf8'), 'precious');
    assert.deepEqual(told, { signals: 0, warnings: [] });
  });

  it('gives the child none that is above a limit which was lowered later', (t) => {
    if (spawnSync('prlimit', ['--version']).error) return t.skip('there is no prlimit here');
    const source = `
      const fs = require('node:fs');
      const { execFileSync } = require('node:child_process');
      const { estimateCapture, writeSnapshot } = require(${packagePath});
      estimateCapture(); // Everything is loaded now.
      globalThis.heap = Array.from({ length: 60000 }, (_, i) => ({ i, text: 'text' + i }));
      const open = Array.from({ length: 100 }, () => fs.openSync(process.execPath));
      // Room below the limit for the capture itself.
      for (const fd of open.splice(0, 30)) fs.closeSync(fd);
      execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=50:']);
      const look = () => {
        for (const pid of fs.readFileSync(children, 'utf8').trim().split(' ').filter(Boolean)) {
          const fds = fs.readdirSync('/proc/' + pid + '/fd');
          const held = fds.map((fd) => fs.readlinkSync('/proc/' + pid + '/fd/' + fd));
          // One that has ended holds nothing at all.
          if (held.some((link) => link.startsWith('pipe:'))) {
            least = Math.min(least, held.filter((link) => link === process.execPath).length);
          }
        }
      };
      const children = '/proc/self/task/' + process.pid + '/children';
      let least = Infinity;
      const looking = setInterval(() => { try { look(); } catch {} }, 2);
      writeSnapshot('/dev/null', { mode: 'fork' }).finally(() => {
        clearInterval(looking);
        console.log(least);
      });`;
    const held = String(execFileSync(process.execPath, ['-e', source])).trim();
    // The least that was seen: for a moment after the fork it holds all of them.
    assert.equal(held, '0');
  });

  it('captures a worker from inside it', async () => {
    const file = path.join(temporaryDirectory(), 'a');
    const source = `
      const { workerData, parentPort } = require('node:worker_threads');
      const { writeSnapshot } = require(${packagePath});
      class WorkerThing {}
      globalThis.kept = Array.from({ length: 77 }, () => new WorkerThing());
      writeSnapshot(workerData, { mode: 'fork' }).then((info) => parentPort.postMessage(info));`;
    const worker = new Worker(source, { eval: true, workerData: file });
    const [[info]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    assert.equal(info.mode, 'fork');
    const counts = objectCounts(file);
    assert.equal(counts.get('WorkerThing'), 77);
    assert.equal(counts.get('ForkedThing'), undefined);
  });

  it('comes through while workers collect garbage without end', () => {
    // In Node 20 and 22 every full collection holds a lock that all heaps share, so that nearly every
    // child finds it held. First tries are counted, because retries could hide it.
    const source = `
      const { Worker } = require('node:worker_threads');
      const { writeSnapshot } = require(${packagePath});
      const work = \`
        const kept = Array.from({ length: 100000 }, (_, i) => ({ i }));
        (function collect() { gc(); setImmediate(collect); })();\`;
      const online = Array.from({ length: 2 }, () => {
        const worker = new Worker(work, { eval: true });
        return new Promise((resolve) => worker.once('online', resolve));
      });
      (async () => {
        await Promise.all(online);
        let firstTries = 0;
        for (let round = 0; round < 5; round++) {
          const { attempts } = await writeSnapshot('/dev/null', { mode: 'fork', force: true });
          if (attempts === 1) firstTries += 1;
        }
        console.log(firstTries);
        process.exit();
      })();`;
    const output = execFileSync(process.execPath, ['--expose-gc', '-e', source]);
    // One may have bad luck of another kind.
    assert.ok(Number(output) >= 4, `${output}`);
  });

  it('steps back from a service that is alone on its core, and from one that is nice itself', async () => {
    const file = path.join(temporaryDirectory(), 'a');
    const own = os.getPriority();
    const written = writeSnapshot(file, { mode: 'fork' });
    const pid = await capturingChild();
    await eventually(() => os.getPriority(pid) === Math.min(own + 5, 19));
    await written;
  });

  it('never goes back in its progress when another child is needed', async () => {
    /** @type {Array<import('..').Progress>} */
    const reports = [];
    let crashed = false;
    const onProgress = (/** @type {import('..').Progress} */ report) => {
      reports.push(report);
      if (crashed || (report.percent ?? 0) < 20) return;
      crashed = true;
      for (const pid of children()) process.kill(pid, 'SIGSEGV');
    };
    const file = path.join(temporaryDirectory(), 'a');
    const { attempts, bytes } = await writeSnapshot(file, { mode: 'fork', onProgress });
    assert.ok(attempts > 1);
    let before = { bytes: 0, percent: 0 };
    for (const { bytes, percent = before.percent } of reports) {
      assert.ok(bytes >= before.bytes && percent >= before.percent, JSON.stringify(reports));
      before = { bytes, percent };
    }
    assert.deepEqual(before, { bytes, percent: 100 });
  });

  it('stops at once while it waits for other threads', () => {
    const cwd = temporaryDirectory();
    const source = `
      const { Worker } = require('node:worker_threads');
      const { writeSnapshot } = require(${packagePath});
      const worker = new Worker('for (;;);', { eval: true });
      worker.once('online', async () => {
        const late = [];
        for (const options of [{ timeoutMs: 5 }, { signal: AbortSignal.timeout(5) }]) {
          const startedAt = performance.now();
          const code = await writeSnapshot('a', { mode: 'fork', ...options }).catch((e) => e.code);
          late.push([code, performance.now() - startedAt]);
        }
        console.log(JSON.stringify(late));
        process.exit();
      });`;
    const late = JSON.parse(String(execFileSync(process.execPath, ['-e', source], { cwd })));
    assert.deepEqual(
      late.map((/** @type {[string, number]} */ [code]) => code),
      ['ERR_TIMEOUT', 'ABORT_ERR'],
    );
    // Loading and the test before the first fork are part of the first one.
    assert.ok(late[1][1] < 60, JSON.stringify(late));
  });

  it('is there again after a moment without descriptors', () => {
    const cwd = temporaryDirectory();
    const source = `
      const fs = require('node:fs');
      const { writeSnapshot } = require(${packagePath});
      const outcome = (promise) => promise.then(({ mode }) => mode, ({ code }) => code);
      (async () => {
        await writeSnapshot('inline', { mode: 'inline' }); // Everything is loaded now.
        const open = [];
        try { for (;;) open.push(fs.openSync('/dev/null')); } catch {}
        // Enough for a file, and not for the test that comes before the first fork.
        for (const fd of open.splice(0, 3)) fs.closeSync(fd);
        const outcomes = [await outcome(writeSnapshot('a', { mode: 'fork' }))];
        for (const fd of open) fs.closeSync(fd);
        outcomes.push(await outcome(writeSnapshot('b', { mode: 'fork' })));
        console.log(JSON.stringify(outcomes));
      })();`;
    const limited = ['-c', 'ulimit -n 60; exec "$0" "$@"', process.execPath, '-e', source];
    const [first, second] = JSON.parse(String(execFileSync('sh', limited, { cwd })));
    assert.equal(first, 'EMFILE');
    assert.equal(second, 'fork');
  });

  describe('leaves nothing behind', () => {
    /**
     * @param {import('..').WriteOptions} options
     * @param {object} error
     * @param {(pid: number) => void} [meddle]
     */
    async function fails(options, error, meddle) {
      const directory = temporaryDirectory();
      const file = path.join(directory, 'a');
      fs.writeFileSync(file, 'the old one');
      const written = writeSnapshot(file, { mode: 'fork', ...options });
      const rejected = assert.rejects(written, error);
      if (meddle) meddle(await capturingChild());
      await rejected;
      assert.deepEqual(children(), []);
      assert.deepEqual(fs.readdirSync(directory), ['a']);
      assert.equal(fs.readFileSync(file, 'utf8'), 'the old one');
    }

    it('when the child is killed', () =>
      fails({}, { code: 'ERR_CAPTURE_FAILED', message: /SIGKILL/ }, (pid) =>
        process.kill(pid, 'SIGKILL'),
      ));

    it('when the child crashes three times', async () => {
      let crashes = 0;
      const killer = setInterval(() => {
        for (const pid of children()) {
          try {
            process.kill(pid, 'SIGSEGV');
            crashes += 1;
          } catch {
            // It is gone already.
          }
        }
      }, 1);
      try {
        await fails({}, { code: 'ERR_CAPTURE_FAILED', message: /crashed with signal 11/ });
        assert.ok(crashes >= 3, `${crashes}`);
      } finally {
        clearInterval(killer);
      }
    });

    it('when the child hangs past the time limit', () =>
      fails({ timeoutMs: 1500 }, { code: 'ERR_TIMEOUT' }, (pid) => process.kill(pid, 'SIGSTOP')));

    it('when it is aborted', async () => {
      const controller = new AbortController();
      const { signal } = controller;
      await fails({ signal }, { name: 'AbortError', code: 'ABORT_ERR' }, () => controller.abort());
    });

    it('when the child takes more memory than it may', () =>
      fails({ maxMemoryBytes: 2e6, force: true }, { code: 'ERR_CAPTURE_FAILED', message: /MB/ }));

    it('when the service dies', async () => {
      const cwd = temporaryDirectory();
      const source = `
        const { writeSnapshot } = require(${packagePath});
        globalThis.heap = Array.from({ length: 60000 }, (_, i) => ({ i, text: 'text' + i }));
        writeSnapshot('a', { mode: 'fork' });
        setInterval(() => {
          const { readdirSync, readFileSync } = require('node:fs');
          const path = '/proc/self/task/' + process.pid + '/children';
          for (const pid of readFileSync(path, 'utf8').trim().split(' ').filter(Boolean)) {
            if (readFileSync('/proc/' + pid + '/comm', 'utf8') === 'heapdiff-child\\n') {
              process.stdout.write(pid);
              process.kill(process.pid, 'SIGKILL');
            }
          }
        }, 1);`;
      const service = spawn(process.execPath, ['-e', source], { cwd });
      const [[pid]] = await Promise.all([once(service.stdout, 'data'), once(service, 'exit')]);
      await eventually(() => !fs.existsSync(`/proc/${pid}`));
      assert.deepEqual(fs.readdirSync(cwd), []);
    });
  });
});

/**
 * @template T
 * @param {() => T} condition
 * @returns {Promise<Exclude<T, false>>}
 */
async function eventually(condition) {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const result = condition();
    if (result) return /** @type {any} */ (result);
    assert.ok(Date.now() < deadline, `never: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * @param {string} file
 * @returns {Set<number>} The node ids of all ForkedThings.
 */
function idsOf(file) {
  const { snapshot, nodes, strings } = JSON.parse(fs.readFileSync(file, 'utf8'));
  const fields = snapshot.meta.node_fields;
  const object = snapshot.meta.node_types[0].indexOf('object');
  const [type, name, id] = ['type', 'name', 'id'].map((field) => fields.indexOf(field));
  const wanted = strings.indexOf('ForkedThing');
  const ids = new Set();
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (nodes[at + type] === object && nodes[at + name] === wanted) ids.add(nodes[at + id]);
  }
  return ids;
}
