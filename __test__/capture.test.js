'use strict';

const assert = require('node:assert/strict');
const { AsyncLocalStorage } = require('node:async_hooks');
const { spawn, spawnSync } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it, test } = require('node:test');
const { Worker } = require('node:worker_threads');
const zlib = require('node:zlib');

const { writeSnapshot } = require('..');
const { temporaryDirectory } = require('./support/captures');

const packagePath = JSON.stringify(path.join(__dirname, '..'));
const isRoot = process.getuid?.() === 0;

class CapturedThing {
  constructor() {
    this.held = new Array(10).fill('held');
  }
}
const things = Array.from({ length: 321 }, () => new CapturedThing());

/**
 * @param {Buffer | string} json
 * @param {string} name
 */
function countNodes(json, name, nodeType = 'object') {
  const { snapshot, nodes, strings } = JSON.parse(json.toString());
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [type, label] = [fields.indexOf('type'), fields.indexOf('name')];
  const wanted = [types[0].indexOf(nodeType), strings.indexOf(name)];
  let count = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (nodes[at + type] === wanted[0] && nodes[at + label] === wanted[1]) count += 1;
  }
  return count;
}

/**
 * Runs code in another process, in `directory`, with `writeSnapshot` and what else it needs.
 *
 * @param {string} code The body of an async function. What it returns is the result.
 * @param {{ cwd: string, shell?: string, timeout?: number }} options
 */
function inProcess(code, { cwd, shell, timeout }) {
  const source = `
    const { writeSnapshot } = require(${packagePath});
    const fs = require('node:fs');
    (async () => { ${code} })().then(
      (result) => process.stdout.write(JSON.stringify(result ?? null)),
      (error) => process.stdout.write(JSON.stringify({ code: error.code, message: error.message })),
    );`;
  const command = shell === undefined ? [process.execPath] : ['sh', '-c', shell, process.execPath];
  const args = [...command.slice(1), '-e', source];
  const run = spawnSync(command[0], args, { cwd, timeout, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr || `${run.signal}`);
  return JSON.parse(run.stdout);
}

/** @param {string} options For `mount -t tmpfs -o`. */
function tmpfs(options) {
  const directory = temporaryDirectory();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);
  return {
    directory,
    mounted: mounted.status === 0,
    unmount: () => spawnSync('umount', ['-l', directory]),
  };
}

describe('writeSnapshot', () => {
  it('writes a whole snapshot and tells the truth about it', async () => {
    const file = path.join(temporaryDirectory(), 'a.heapsnapshot');
    const startedAt = Date.now();
    const info = await writeSnapshot(file, { mode: 'inline' });
    const text = fs.readFileSync(file);
    const { snapshot } = JSON.parse(text.toString());
    assert.equal(info.path, file);
    assert.equal(info.format, 'snapshot');
    assert.equal(info.mode, 'inline');
    assert.equal(info.attempts, 1);
    assert.equal(info.bytes, text.length);
    assert.equal(info.nodeCount, snapshot.node_count);
    assert.equal(info.edgeCount, snapshot.edge_count);
    assert.equal(countNodes(text, 'CapturedThing'), things.length);
    assert.ok(info.pauseMs > 0 && info.totalMs >= info.pauseMs, JSON.stringify(info));
    assert.ok(Math.abs(Date.parse(info.takenAt) - startedAt) < 60_000, info.takenAt);
    assert.match(info.isolateId, /^[0-9a-f]{32}$/);
    if (process.platform === 'linux') {
      const { before, peak, after } = info.rss;
      assert.ok(before > 10e6 && peak > before && after > 10e6, JSON.stringify(info.rss));
      assert.equal(fs.statSync(file).mode & 0o777, 0o600);
    }
    assert.deepEqual(fs.readdirSync(path.dirname(file)), ['a.heapsnapshot']);
  });

  it('compresses when the name or the option says so', async () => {
    const directory = temporaryDirectory();
    const plain = path.join(directory, 'plain.heapsnapshot');
    const byName = await writeSnapshot(path.join(directory, 'a.heapsnapshot.gz'));
    const byOption = await writeSnapshot(plain, { gzip: 9 });
    const asked = await writeSnapshot(path.join(directory, 'b.gz'), { gzip: false });
    for (const info of [byName, byOption]) {
      const bytes = fs.readFileSync(info.path);
      assert.equal(info.bytes, bytes.length);
      assert.equal(countNodes(zlib.gunzipSync(bytes), 'CapturedThing'), things.length);
    }
    assert.equal(countNodes(fs.readFileSync(asked.path), 'CapturedThing'), things.length);
  });

  it('takes a name of its own where none is given, and never the same twice', async () => {
    const dir = temporaryDirectory();
    const first = await writeSnapshot({ dir });
    const second = await writeSnapshot(undefined, { dir, gzip: true });
    assert.match(path.basename(first.path), /^Heap\.\d{8}\.\d{6}\.\d+\.\d+\.\d+\.heapsnapshot$/);
    assert.ok(second.path.endsWith('.heapsnapshot.gz'));
    assert.deepEqual(
      fs.readdirSync(dir).sort(),
      [first, second].map((info) => path.basename(info.path)).sort(),
    );
  });

  it('calls back as npm heapdump does', async () => {
    const file = path.join(temporaryDirectory(), 'a.heapsnapshot');
    /** @type {[unknown, string | undefined]} */
    const [error, name] = await new Promise((resolve) => {
      const returned = writeSnapshot(file, (...args) => resolve(/** @type {any} */ (args)));
      assert.equal(returned, undefined);
    });
    assert.equal(error, null);
    assert.equal(name, file);
    const failed = await new Promise((resolve) => {
      writeSnapshot(path.join(file, 'x'), (...args) => resolve(args));
    });
    assert.equal(failed.length, 1);
    assert.equal(failed[0].code, 'ENOTDIR');
    const result = inProcess(
      `const name = await new Promise((resolve, reject) =>
         writeSnapshot((error, name) => (error ? reject(error) : resolve(name))));
       return [name, fs.readdirSync('.')];`,
      { cwd: temporaryDirectory() },
    );
    assert.deepEqual([path.basename(result[0])], result[1]);
  });

  it('lets what a callback throws be an uncaught exception', () => {
    const result = inProcess(
      `return await new Promise((resolve) => {
         process.once('uncaughtException', (error) => resolve(error.message));
         writeSnapshot('a.heapsnapshot', () => { throw new Error('from the callback'); });
       });`,
      { cwd: temporaryDirectory() },
    );
    assert.equal(result, 'from the callback');
  });

  it('refuses a second capture while one is under way, in whatever thread', async () => {
    const directory = temporaryDirectory();
    const first = writeSnapshot(path.join(directory, 'a.heapsnapshot'));
    // Again and again: who is refused does not let the next one in.
    for (let i = 0; i < 4; i++) {
      await assert.rejects(writeSnapshot(path.join(directory, 'b.heapsnapshot')), {
        name: 'HeapdiffError',
        code: 'ERR_SNAPSHOT_BUSY',
      });
    }
    await first;
    await writeSnapshot(path.join(directory, 'c.heapsnapshot'));
    assert.deepEqual(fs.readdirSync(directory).sort(), ['a.heapsnapshot', 'c.heapsnapshot']);
  });

  it("captures a worker's own heap from inside it", async () => {
    const directory = temporaryDirectory();
    const source = `
      const { workerData, parentPort } = require('node:worker_threads');
      const { writeSnapshot } = require(${packagePath});
      class WorkerThing {}
      globalThis.kept = Array.from({ length: 77 }, () => new WorkerThing());
      (async () => {
        const infos = [];
        for (const name of ['a', 'b']) infos.push(await writeSnapshot(workerData + name));
        parentPort.postMessage(infos);
      })();`;
    const worker = new Worker(source, { eval: true, workerData: directory + path.sep });
    const [[infos]] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
    for (const info of infos) {
      const text = fs.readFileSync(info.path);
      assert.equal(countNodes(text, 'WorkerThing'), 77);
      assert.equal(countNodes(text, 'CapturedThing'), 0);
    }
    const own = await writeSnapshot(path.join(directory, 'own'));
    assert.equal(infos[0].isolateId, infos[1].isolateId);
    assert.notEqual(infos[0].isolateId, own.isolateId);
  });

  const [major] = process.versions.node.split('.').map(Number);
  for (const mode of process.platform === 'linux' ? ['inline', 'fork'] : []) {
    it(`says what the permission model lacks, ${mode}`, () => {
      const file = path.join(temporaryDirectory(), 'a');
      const source = `
        require(${packagePath}).writeSnapshot(${JSON.stringify(file)}, { mode: '${mode}' }).then(
          () => console.log('written'),
          ({ code, message }) => console.log(code, message),
        );`;
      const capture = (/** @type {string} */ write) => {
        const model = major < 22 ? '--experimental-permission' : '--permission';
        const flags = [model, '--allow-addons', '--allow-fs-read=*', `--allow-fs-write=${write}`];
        return spawnSync(process.execPath, [...flags, '-e', source], { encoding: 'utf8' }).stdout;
      };
      assert.match(
        capture(`${path.dirname(file)}/*`),
        /^ERR_CAPTURE_FAILED V8 .*permission model.*--allow-fs-write=\/proc\/self\/fd\/\*/,
      );
      assert.equal(capture('/proc/self/fd/*'), 'written\n');
    });
  }

  it('rejects what it cannot use', async () => {
    /** @type {Array<[unknown[], RegExp]>} */
    const cases = [
      [[''], /path must be a path that is not empty/],
      [['a\0b'], /null bytes/],
      [[42], /path must be a string/],
      [[new URL('https://example.org/a')], /path must be a URL of a file/],
      [[new Date()], /options must be an object/],
      [['x', 'y'], /options must be an object/],
      [['x', { mode: 'spoon' }], /options\.mode/],
      [['x', { gzip: 10 }], /options\.gzip/],
      [['x', { gzip: 'yes' }], /options\.gzip/],
      [['x', { format: 'pdf' }], /options\.format/],
      [['x', { exclusive: 1 }], /options\.exclusive/],
      [['x', { redact: 'yes' }], /options\.redact/],
      [['x', { redact: new Date() }], /options\.redact must be an object/],
      [['x', { redact: /x/ }], /options\.redact must be an object/],
      [['x', { redact: { salt: 5 } }], /options\.redact\.salt/],
      [['x', { redact: { salt: '' } }], /options\.redact\.salt must be a string that is not empty/],
      [['x', { maxMemoryBytes: -1 }], /options\.maxMemoryBytes/],
      [['x', { maxPauseMs: '1' }], /options\.maxPauseMs/],
      [['x', { timeoutMs: 0 }], /options\.timeoutMs/],
      [['x', { exposeInternals: 'no' }], /options\.exposeInternals/],
      [[{ dir: 5 }], /options\.dir/],
    ];
    for (const [args, message] of cases) {
      const written = /** @type {any} */ (writeSnapshot)(...args);
      await assert.rejects(written, { code: 'ERR_INVALID_ARG', message });
    }
  });

  it('stops before V8 begins when it is aborted or too late', async () => {
    const directory = temporaryDirectory();
    const file = path.join(directory, 'a.heapsnapshot');
    const reason = new Error('not now');
    await assert.rejects(writeSnapshot(file, { signal: AbortSignal.abort(reason) }), {
      name: 'AbortError',
      code: 'ABORT_ERR',
      cause: reason,
    });
    await assert.rejects(writeSnapshot(file, { timeoutMs: 1 }), { code: 'ERR_TIMEOUT' });
    assert.deepEqual(fs.readdirSync(directory), []);
    await writeSnapshot(file);
  });

  it('passes the options of V8 on', async () => {
    const file = path.join(temporaryDirectory(), 'a.heapsnapshot');
    /** @param {import('..').WriteOptions} options */
    const snapshot = async (options) => {
      await writeSnapshot(file, options);
      return fs.readFileSync(file, 'utf8');
    };
    const [plain, internals, numbers] = [
      await snapshot({}),
      await snapshot({ exposeInternals: true }),
      await snapshot({ exposeNumericValues: true }),
    ];
    assert.equal(countNodes(plain, 'smi number', 'number'), 0);
    assert.ok(countNodes(numbers, 'smi number', 'number') > 10);
    // The root of a snapshot with internals has an edge less for every user root.
    assert.ok(rootEdges(internals) < rootEdges(plain));
  });
});

/** @param {string} json */
function rootEdges(json) {
  const { snapshot, nodes } = JSON.parse(json);
  return nodes[snapshot.meta.node_fields.indexOf('edge_count')];
}

describe('a capture that fails leaves the errno code and nothing else', () => {
  it('in a directory that does not exist', async () => {
    const directory = temporaryDirectory();
    await assert.rejects(writeSnapshot(path.join(directory, 'no', 'a')), {
      code: 'ENOENT',
      errno: -2,
      syscall: 'open',
    });
    assert.deepEqual(fs.readdirSync(directory), []);
  });

  it('on a directory', async () => {
    await assert.rejects(writeSnapshot(temporaryDirectory()), { code: 'EISDIR' });
  });

  it('on a file that must not be replaced', async () => {
    const file = path.join(temporaryDirectory(), 'a.heapsnapshot');
    const { bytes } = await writeSnapshot(file, { exclusive: true });
    await assert.rejects(writeSnapshot(file, { exclusive: true }), { code: 'EEXIST' });
    assert.equal(fs.statSync(file).size, bytes);
  });

  it('on a full disk, where the old file stays as it was', async (t) => {
    const disk = tmpfs('size=1m');
    if (!disk.mounted) return t.skip('mounting a tmpfs needs root');
    try {
      const file = path.join(disk.directory, 'a.heapsnapshot');
      fs.writeFileSync(file, 'the old one');
      for (const options of [{}, { gzip: 0 }, { exclusive: true }]) {
        const target = options.exclusive ? `${file}.new` : file;
        await assert.rejects(writeSnapshot(target, options), { code: 'ENOSPC' });
        assert.equal(fs.readFileSync(file, 'utf8'), 'the old one');
        assert.deepEqual(fs.readdirSync(disk.directory), ['a.heapsnapshot']);
      }
      const free = fs.statfsSync(disk.directory);
      assert.ok(free.bfree * free.bsize > 900_000, 'the space is free again');
    } finally {
      disk.unmount();
    }
  });

  it('on a full device', { skip: !fs.existsSync('/dev/full') }, async () => {
    await assert.rejects(writeSnapshot('/dev/full'), { code: 'ENOSPC' });
    assert.ok(fs.statSync('/dev/full').isCharacterDevice());
  });

  it('on a read-only file system', async (t) => {
    const disk = tmpfs('size=1m,ro');
    if (!disk.mounted) return t.skip('mounting a tmpfs needs root');
    try {
      await assert.rejects(writeSnapshot(path.join(disk.directory, 'a')), { code: 'EROFS' });
    } finally {
      disk.unmount();
    }
  });

  it('in a directory that this user may not write to', () => {
    const directory = temporaryDirectory();
    fs.chmodSync(directory, 0o555);
    const drop = isRoot ? 'process.setgid(65534); process.setuid(65534);' : '';
    const result = inProcess(
      `require(${packagePath}); const target = ${JSON.stringify(path.join(directory, 'a'))};
       await writeSnapshot('/dev/null'); ${drop}
       await writeSnapshot(target);`,
      { cwd: '/' },
    );
    assert.equal(result.code, 'EACCES');
  });

  it('without descriptors left', () => {
    const cwd = temporaryDirectory();
    const result = inProcess(
      `await writeSnapshot('first'); // Everything is loaded now.
       const open = [];
       try { for (;;) open.push(fs.openSync('/dev/null')); } catch {}
       const codes = [];
       for (let free = 0; free < 4; free++) {
         codes.push(await writeSnapshot('a').then(() => 'written', (error) => error.code));
         fs.closeSync(open.pop());
       }
       for (const fd of open) fs.closeSync(fd);
       return { codes, names: fs.readdirSync('.'), last: (await writeSnapshot('b')).bytes > 0 };`,
      { cwd, shell: 'ulimit -n 60; exec "$0" "$@"' },
    );
    assert.deepEqual(result.codes, ['EMFILE', 'EMFILE', 'EMFILE', 'EMFILE']);
    assert.deepEqual(result.names, ['first']);
    assert.equal(result.last, true);
  });

  it('without room for the file, and with no descriptor left open', () => {
    const result = inProcess(
      `const count = () => fs.readdirSync('/proc/self/fd').length;
       const fail = (mode) => writeSnapshot('a', { mode }).catch((error) => error.code);
       const codes = [await fail('inline'), await fail('auto')];
       const before = count();
       for (const mode of ['inline', 'inline', 'auto']) codes.push(await fail(mode));
       return { codes: [...new Set(codes)], more: count() - before, names: fs.readdirSync('.') };`,
      { cwd: temporaryDirectory(), shell: 'ulimit -f 1000; exec "$0" "$@"' },
    );
    assert.deepEqual(result, { codes: ['EFBIG'], more: 0, names: [] });
  });
});

describe('a capture in a shared directory', () => {
  it('replaces a symbolic link and does not follow it', async () => {
    const directory = temporaryDirectory();
    const [victim, file] = ['victim', 'a.heapsnapshot'].map((name) => path.join(directory, name));
    fs.writeFileSync(victim, 'precious');
    fs.symlinkSync(victim, file);
    await writeSnapshot(file);
    assert.equal(fs.readFileSync(victim, 'utf8'), 'precious');
    assert.ok(fs.lstatSync(file).isFile());
  });

  it('removes what a crashed process left, and nothing else', async () => {
    const directory = temporaryDirectory();
    const names = ['.heapdiff-1-0123.tmp', '.heapdiff-young.tmp', 'other.tmp'];
    for (const name of names) fs.writeFileSync(path.join(directory, name), 'x');
    fs.utimesSync(path.join(directory, names[0]), 1, 1);
    fs.utimesSync(path.join(directory, names[2]), 1, 1);
    await writeSnapshot(path.join(directory, 'a'));
    assert.deepEqual(fs.readdirSync(directory).sort(), [names[1], 'a', names[2]]);
  });
});

describe('a process that ends in the middle of a capture', () => {
  const busyHeap = `
    const { writeSnapshot } = require(${packagePath});
    globalThis.heap = Array.from({ length: 60000 }, (_, i) => ({ i, text: 'text' + i }));`;

  /** @param {NodeJS.Signals} signal */
  async function killMeanwhile(signal) {
    const cwd = temporaryDirectory();
    fs.writeFileSync(path.join(cwd, 'a'), 'the old one');
    const source = `${busyHeap} process.stdout.write('go'); writeSnapshot('a');`;
    const child = spawn(process.execPath, ['-e', source], { cwd });
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, 150));
    child.kill(signal);
    await once(child, 'exit');
    assert.deepEqual(fs.readdirSync(cwd), ['a']);
    assert.equal(fs.readFileSync(path.join(cwd, 'a'), 'utf8'), 'the old one');
  }

  it('by SIGKILL, leaves nothing', () => killMeanwhile('SIGKILL'));

  it('by SIGTERM, leaves nothing', () => killMeanwhile('SIGTERM'));

  it('by process.exit, ends at once and leaves nothing', () => {
    const cwd = temporaryDirectory();
    const source = `${busyHeap} writeSnapshot('a'); setImmediate(() => process.exit(7));`;
    const run = spawnSync(process.execPath, ['-e', source], { cwd });
    assert.equal(run.status, 7);
    const left = fs.readdirSync(cwd);
    assert.ok(left.length === 0 || (left.length === 1 && left[0] === 'a'), left.join());
  });
});

test('a worker that is terminated in the middle lets the next capture in', async () => {
  const directory = temporaryDirectory();
  const source = `
    const { workerData, parentPort } = require('node:worker_threads');
    const { writeSnapshot } = require(${packagePath});
    globalThis.heap = Array.from({ length: 60000 }, (_, i) => ({ i, text: 'text' + i }));
    parentPort.postMessage('go');
    (function again() { writeSnapshot(workerData).then(again, again); })();`;
  for (let round = 0; round < 2; round++) {
    const file = path.join(directory, `worker-${round}`);
    const worker = new Worker(source, { eval: true, workerData: file });
    await once(worker, 'message');
    await new Promise((resolve) => setTimeout(resolve, 20 + 40 * round));
    await worker.terminate();
    if (fs.existsSync(file)) JSON.parse(fs.readFileSync(file, 'utf8'));
    const deadline = Date.now() + 10_000;
    for (;;) {
      const result = await writeSnapshot(path.join(directory, 'a')).catch((error) => error);
      if (result.code === undefined) break;
      assert.equal(result.code, 'ERR_SNAPSHOT_BUSY');
      assert.ok(Date.now() < deadline, 'the slot never comes back');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  assert.ok(fs.readdirSync(directory).every((name) => !name.endsWith('.tmp')));
});

describe('a FIFO whose reader stalls', { skip: process.platform === 'win32' }, () => {
  for (const mode of process.platform === 'linux' ? ['inline', 'fork'] : ['inline']) {
    it(`holds up neither the end of a capture nor the event loop, ${mode}`, () => {
      const cwd = temporaryDirectory();
      spawnSync('mkfifo', ['pipe'], { cwd });
      // Opened for both, so that there is a reader, which never reads.
      const { codes, ms, written } = inProcess(
        `const mode = ${JSON.stringify(mode)};
         const fd = fs.openSync('pipe', fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
         const [codes, ms] = [[], []];
         for (const [path, format] of [['pipe'], ['/dev/fd/' + fd], ['pipe', 'digest']]) {
           const begin = async (options) => {
             const begun = performance.now();
             const call = writeSnapshot(path, { mode, format, ...options() });
             codes.push(await call.catch((error) => error.code));
             ms.push(Math.round(performance.now() - begun));
           };
           await begin(() => ({ timeoutMs: 1000 }));
           await begin(() => ({ signal: AbortSignal.timeout(1000) }));
         }
         const written = await writeSnapshot('a').then(() => 'a');
         return { codes, ms, written };`,
        { cwd, timeout: 60_000 },
      );
      assert.deepEqual(codes, new Array(3).fill(['ERR_TIMEOUT', 'ABORT_ERR']).flat());
      for (const each of ms) assert.ok(each >= 990 && each < 1500, `${ms}`);
      assert.equal(written, 'a');
    });
  }
});

describe(
  'copies of the package',
  { skip: process.platform !== 'linux' && 'it needs /proc' },
  () => {
    it('capture one at a time all together', async () => {
      const directory = temporaryDirectory();
      const copy = path.join(directory, 'copy');
      for (const name of fs.readdirSync(path.join(__dirname, '..'))) {
        if (!/^(lib|package\.json|index\.js|.*\.node)$/.test(name)) continue;
        fs.cpSync(path.join(__dirname, '..', name), path.join(copy, name), { recursive: true });
      }
      /** @type {typeof import('..')} */
      const other = require(copy);
      const first = writeSnapshot(path.join(directory, 'a'));
      await assert.rejects(other.writeSnapshot(path.join(directory, 'b')), {
        code: 'ERR_SNAPSHOT_BUSY',
      });
      await first;
      await other.writeSnapshot(path.join(directory, 'b'));
      await writeSnapshot(path.join(directory, 'a'));
    });
  },
);

describe('the small print', () => {
  it('takes a slash at the end for a directory', async () => {
    const directory = temporaryDirectory();
    for (const format of /** @type {const} */ (['snapshot', 'digest'])) {
      await assert.rejects(writeSnapshot(`${directory}/new/`, { mode: 'inline', format }), {
        code: 'EISDIR',
      });
    }
    assert.deepEqual(fs.readdirSync(directory), []);
  });

  it('tells of progress in the context of the call', async () => {
    const storage = new AsyncLocalStorage();
    const seen = new Set();
    const file = path.join(temporaryDirectory(), 'a');
    const onProgress = () => void seen.add(storage.getStore());
    await storage.run('store', () => writeSnapshot(file, { onProgress }));
    assert.deepEqual([...seen], ['store']);
  });
});
