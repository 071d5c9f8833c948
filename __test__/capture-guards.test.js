'use strict';

const assert = require('node:assert/strict');
const { execFile, spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { promisify } = require('node:util');

const { diffSnapshots, estimateCapture, writeSnapshot } = require('..');
const { estimate } = require('../lib/estimate');
const { temporaryDirectory } = require('./support/captures');

const execute = promisify(execFile);
const packagePath = JSON.stringify(path.join(__dirname, '..'));

/** Below this V8's fixed costs and the state of its allocator decide, and nobody has to be warned. */
const FLOOR_BYTES = 64e6;

/**
 * Code that keeps arrays in `heap`, each made by pushing `item`.
 *
 * @param {number} count
 * @param {number} length
 * @param {string} item
 */
function arrays(count, length, item) {
  return `heap = []; for (let i = 0; i < ${count}; i++) { const items = []; for (let j = 0; j < ${length}; j++) items.push(${item}); heap.push(items); }`;
}

/** Heaps of different kinds. Each is code that keeps one in `heap`. */
const heaps = {
  'many small objects': 'heap = Array.from({ length: 150000 }, (_, i) => ({ i, next: { i } }))',
  'one huge array': 'const one = {}; heap = Array.from({ length: 300000 }, () => one)',
  'big Maps': 'heap = new Map(Array.from({ length: 120000 }, (_, i) => [i, { i }]))',
  'a big Set of strings': 'heap = new Set(Array.from({ length: 150000 }, (_, i) => `item ${i}`))',
  Buffers: 'heap = Array.from({ length: 3000 }, () => Buffer.alloc(20000, 1))',
  'many small Buffers': 'heap = Array.from({ length: 150000 }, () => Buffer.from("hello"))',
  'short strings': 'heap = Array.from({ length: 60000 }, (_, i) => `string ${i} of ${i * 7}`)',
  'texts of all indices': 'heap = Array.from({ length: 300000 }, (_, i) => String(i))',
  'texts of some indices': 'heap = Array.from({ length: 300000 }, (_, i) => String(100000 + i))',
  'texts of every other index':
    'heap = Array.from({ length: 300000 }, (_, i) => (i % 2 ? String(i) : `item ${i}`))',
  'texts of indices, each twenty times':
    'heap = Array.from({ length: 300000 }, (_, i) => String(i % 15000))',
  'texts of indices as keys':
    'heap = new Map(Array.from({ length: 200000 }, (_, i) => [String(i), i]))',
  'long strings':
    'heap = Array.from({ length: 5000 }, (_, i) => Buffer.alloc(5000, 97).toString() + i)',
  'equal long strings':
    'const text = Buffer.alloc(1500, 97); heap = Array.from({ length: 100000 }, () => text.toString())',
  'concatenated strings':
    'heap = Array.from({ length: 100000 }, (_, i) => "a text of its own " + i)',
  'external strings':
    'heap = Array.from({ length: 50 }, (_, i) => Buffer.alloc(2e6, i + 65).toString("latin1"))',
  dictionaries:
    'heap = Array.from({ length: 1000 }, (_, i) => Object.fromEntries(Array.from({ length: 200 }, (_, k) => [`k${k * i}`, k])))',
  'a dictionary of many keys':
    'heap = {}; for (let i = 0; i < 100000; i++) heap[`key${i * 7}`] = { i }',
  closures:
    'heap = Array.from({ length: 100000 }, (_, i) => { const kept = { i }; return () => kept; })',
  'many Maps':
    'heap = Array.from({ length: 3000 }, () => new Map(Array.from({ length: 100 }, (_, i) => [`${i}`, { i }])))',
  WeakMaps:
    'const map = new WeakMap(); heap = [map]; for (let i = 0; i < 60000; i++) { heap.push({ i }); map.set(heap[i + 1], { i }); }',
  'instances with 20 fields':
    'class Wide { constructor(i) { for (let k = 0; k < 20; k++) this[`field${k}`] = i + k; } } heap = Array.from({ length: 50000 }, (_, i) => new Wide(i))',
  Float64Arrays: 'heap = Array.from({ length: 20000 }, () => new Float64Array(100))',
  'sparse arrays': 'heap = []; for (let i = 0; i < 50000; i++) heap[i * 1003] = { i }',
  'a linked list': 'heap = null; for (let i = 0; i < 300000; i++) heap = { i, next: heap }',
  doubles: 'heap = []; for (let i = 0; i < 5e6; i++) heap.push(i + 0.5)',
  'small integers': 'heap = []; for (let i = 0; i < 5e6; i++) heap.push(i)',
  'undefined items': 'heap = new Array(1e6).fill(undefined)',
  Dates: 'heap = Array.from({ length: 1e5 }, (_, i) => new Date(i))',
  'event emitters':
    'const { EventEmitter } = require("node:events"); heap = Array.from({ length: 30000 }, () => new EventEmitter().on("x", () => {}))',
  'arrays of 50 references': `const one = {}; ${arrays(50000, 50, 'one')}`,
  'arrays of 1,000 references': `const one = {}; ${arrays(2500, 1000, 'one')}`,
  'arrays of 12,000 references to different objects': `const objects = Array.from({ length: 1000 }, () => ({})); ${arrays(200, 12000, 'objects[(i * 7 + j) % 1000]')}`,
  'arrays that almost fill a chunk': `const one = {}; ${arrays(150, 16000, 'one')}`,
  'many large arrays': `const one = {}; ${arrays(60, 40000, 'one')}`,
  'arrays of strings': arrays(250, 2000, 'Buffer.from(`string ${i} ${j}`).toString("latin1")'),
  'arrays of objects': arrays(500, 2000, '{ j }'),
  'arrays of small integers': arrays(100000, 50, 'j'),
  'arrays of integers and references': `const one = {}; ${arrays(4000, 1000, 'j % 2 ? j : one')}`,
  'holey arrays':
    'const one = {}; heap = Array.from({ length: 2000 }, () => { const items = new Array(2000); for (let j = 0; j < 2000; j += 2) items[j] = one; return items; })',
  'nested arrays':
    'const nest = (depth) => Array.from({ length: 10 }, () => depth ? nest(depth - 1) : [1, 2]); heap = nest(4)',
  'dictionaries of 2,000 keys':
    'const one = {}; heap = Array.from({ length: 300 }, () => { const keys = Object.create(null); for (let k = 0; k < 2000; k++) keys[`k${k}`] = one; return keys; })',
  'regular expressions': 'heap = Array.from({ length: 50000 }, (_, i) => new RegExp(`a${i}`))',
  'a Map of which every other entry was deleted':
    'heap = new Map(Array.from({ length: 200000 }, (_, i) => [i, { i }])); for (let i = 0; i < 200000; i += 2) heap.delete(i)',
  'a Set of which every other item was deleted':
    'heap = new Set(Array.from({ length: 200000 }, (_, i) => ({ i }))); let k = 0; for (const item of heap) if (k++ % 2) heap.delete(item)',
  'doubles that look like references':
    'heap = []; for (let i = 0; i < 3e6; i++) heap.push(Math.random() * 1e-310)',
  'arrays of doubles that look like references': arrays(3000, 1000, 'Math.random() * 1e-310'),
  'arrays of random doubles': arrays(15000, 1000, 'Math.random()'),
  'an array of which every other object was dropped':
    'heap = Array.from({ length: 300000 }, (_, i) => ({ i, a: i })); for (let i = 0; i < 300000; i += 2) heap[i] = null',
  'arrays that are alone in a chunk of ordinary length': `const one = {}; ${arrays(400, 20000, 'one')}`,
  hashes:
    'const { createHash } = require("node:crypto"); heap = Array.from({ length: 150000 }, () => createHash("sha256"))',
};

/** Heaps of which a child copies more or less than it shares. Of the same kind. */
const sharedHeaps = {
  'many small objects': heaps['many small objects'],
  'one huge array': heaps['one huge array'],
  'big Maps': heaps['big Maps'],
  'short strings': heaps['short strings'],
  'Buffers of 100 bytes': buffers(150000, 100),
  'Buffers of 4 KB': buffers(60000, 4096),
  'Buffers of 64 KB': buffers(6000, 65536),
  'Buffers of 1 MB': buffers(200, 1e6),
  SharedArrayBuffers: 'heap = Array.from({ length: 60000 }, () => new SharedArrayBuffer(4096))',
  Uint8Arrays: 'heap = Array.from({ length: 60000 }, () => new Uint8Array(3000).fill(1))',
  keys: 'const { createSecretKey } = require("node:crypto"); heap = Array.from({ length: 60000 }, () => createSecretKey(Buffer.alloc(3000)))',
  'keys of one secret':
    'const { createSecretKey } = require("node:crypto"); const secret = Buffer.alloc(3000); heap = Array.from({ length: 60000 }, () => createSecretKey(secret))',
  'random doubles': 'heap = []; for (let i = 0; i < 2e7; i++) heap.push(Math.random())',
  'a Map of integers': 'heap = new Map(Array.from({ length: 2e6 }, (_, i) => [i, i]))',
  AbortControllers: 'heap = Array.from({ length: 30000 }, () => new AbortController())',
  hashes: heaps.hashes,
  'very long strings':
    'heap = Array.from({ length: 1500 }, (_, i) => Buffer.alloc(200000, 97 + (i % 20)).toString("latin1"))',
};

/**
 * @param {number} count
 * @param {number} size
 */
function buffers(count, size) {
  return `heap = Array.from({ length: ${count} }, () => Buffer.allocUnsafeSlow(${size}).fill(1))`;
}

/** The prediction is an upper bound, and at most so many times the truth. */
const FACTOR = 2;

// Each heap is in a process of its own.
describe('estimateCapture', { concurrency: 2 }, () => {
  it('tells what a capture would cost', () => {
    const estimate = estimateCapture({ mode: 'inline' });
    assert.equal(estimate.mode, 'inline');
    assert.equal(estimate.safe, true, estimate.reason);
    assert.ok(estimate.heapBytes > 1e6 && estimate.predictedPeakBytes > 1e7);
    assert.ok(estimate.predictedPauseMs > 0 && estimate.availableBytes > 0);
    assert.throws(() => estimateCapture({ mode: /** @type {any} */ ('x') }), {
      code: 'ERR_INVALID_ARG',
    });
  });

  it('is not safe by fork where there is no fork mode', () => {
    const heap = { oldUsed: 50e6, youngUsed: 0, youngResident: 0 };
    const cost = { peakBytes: 1e6, copiedBytes: 0, inlinePauseMs: 5, forkPauseMs: 5 };
    const of = (/** @type {boolean} */ canFork) =>
      estimate(
        /** @type {any} */ ({ mode: 'fork' }),
        /** @type {any} */ (heap),
        /** @type {any} */ ({ ...cost, documentBytes: 1e6, availableBytes: 8e9, canFork }),
      ).estimate;
    assert.equal(of(true).safe, true);
    assert.equal(of(false).safe, false);
    assert.match(of(false).reason, /fork mode needs Linux/);
  });

  for (const [kind, make] of Object.entries(heaps)) {
    it(`bounds the memory for ${kind} from above, within a factor of ${FACTOR}`, () =>
      checkBound(make, 'inline'));
  }

  for (const [kind, make] of Object.entries(sharedHeaps)) {
    const skip = process.platform !== 'linux' && 'it needs fork mode';
    it(`bounds that of a child for ${kind} as well`, { skip }, () => checkBound(make, 'fork'));
  }
});

/**
 * @param {string} make
 * @param {'inline' | 'fork'} mode
 */
async function checkBound(make, mode) {
  const source = `
    const { estimateCapture, writeSnapshot } = require(${packagePath});
    globalThis.heap = null;
    (() => { ${make}; })();
    // Later, when nothing of how it was made is on the stack.
    setTimeout(async () => {
      gc();
      // V8 gives large arrays back in the background, and until then they look as if in use.
      await new Promise((resolve) => setTimeout(resolve, 50));
      const { predictedPeakBytes } = estimateCapture({ mode: '${mode}' });
      const { rss } = await writeSnapshot('/dev/null', { mode: '${mode}', force: true });
      console.log(JSON.stringify({ predictedPeakBytes, truth: rss.peak - rss.before }));
    }, 20);`;
  const { stdout } = await execute(process.execPath, ['--expose-gc', '-e', source]);
  const { predictedPeakBytes, truth } = JSON.parse(stdout);
  assert.ok(predictedPeakBytes >= truth, stdout);
  assert.ok(predictedPeakBytes <= FACTOR * Math.max(truth, FLOOR_BYTES), stdout);
}

describe('the guards', () => {
  it('know how long V8 waits for a compressor', async () => {
    /** @param {number} [gzip] */
    const pause = (gzip) => estimateCapture({ mode: 'inline', gzip }).predictedPauseMs;
    const [plain, fast, best] = [pause(), pause(1), pause(9)];
    assert.ok(plain < fast && fast < best, `${[plain, fast, best]}`);
    const file = path.join(temporaryDirectory(), 'a');
    const options = { mode: /** @type {const} */ ('inline'), maxPauseMs: (fast + best) / 2 };
    await writeSnapshot(file, { ...options, gzip: 1 });
    await assert.rejects(writeSnapshot(file, { ...options, gzip: 9 }), {
      code: 'ERR_CAPTURE_REFUSED',
    });
  });

  it('refuse what would take too much memory or too long, and say why', async () => {
    const directory = temporaryDirectory();
    const file = path.join(directory, 'a');
    /** @type {import('..').WriteOptions[]} */
    const limits = [
      { mode: 'inline', maxMemoryBytes: 1e6 },
      { mode: 'inline', maxPauseMs: 1 },
    ];
    for (const options of limits) {
      await assert.rejects(writeSnapshot(file, options), (/** @type {any} */ error) => {
        assert.equal(error.code, 'ERR_CAPTURE_REFUSED');
        assert.equal(error.estimate.safe, false);
        assert.ok(error.message.includes(error.estimate.reason));
        return true;
      });
      assert.deepEqual(fs.readdirSync(directory), []);
      await writeSnapshot(file, { ...options, force: true });
      fs.rmSync(file);
    }
    await writeSnapshot(file);
    await assert.rejects(diffSnapshots(file, null, { mode: 'inline', maxMemoryBytes: 1e6 }), {
      code: 'ERR_CAPTURE_REFUSED',
    });
  });

  it('keep a service alive that may have little more address space', () => {
    const run = (/** @type {string} */ shell, /** @type {string} */ source) => {
      const { stdout, stderr, status } = spawnSync(
        'bash',
        ['-c', shell, process.execPath, source],
        {
          encoding: 'utf8',
        },
      );
      assert.equal(status, 0, stderr);
      return JSON.parse(stdout);
    };
    const setUp = `
      const { estimateCapture, writeSnapshot } = require(${packagePath});
      const lists = Array.from({ length: 40 }, () => new Array(50_000).fill(1.5));
      globalThis.heap = Array.from({ length: 300_000 }, (_, i) => ({ i, lists }));`;
    const has = run(
      'exec "$0" -e "$1"',
      `${setUp} const status = require('node:fs').readFileSync('/proc/self/status', 'utf8');
       console.log(/VmSize:\\s+(\\d+)/.exec(status)[1]);`,
    );
    const codes = run(
      `ulimit -v ${has + 150_000}; exec "$0" -e "$1"`,
      `${setUp} const codes = [estimateCapture().availableBytes < 150e6];
       (async () => {
         for (const mode of ['inline', 'fork', 'auto']) {
           const code = await writeSnapshot('/dev/null', { mode }).catch((error) => error.code);
           codes.push(code);
         }
         console.log(JSON.stringify(codes));
       })();`,
    );
    assert.deepEqual(codes, [true, ...new Array(3).fill('ERR_CAPTURE_REFUSED')]);
  });

  it('keep a service alive in a control group that is too small', (t) => {
    const group = makeGroup(150e6);
    if (group === null) return t.skip('making a control group with a memory limit needs root');
    try {
      const source = `
        const fs = require('node:fs');
        fs.writeFileSync(${JSON.stringify(path.join(group, 'cgroup.procs'))}, String(process.pid));
        const { writeSnapshot } = require(${packagePath});
        globalThis.heap = Array.from({ length: 100000 }, (_, i) => ({ i, next: { i } }));
        (async () => {
          const codes = [];
          for (const options of [{ mode: 'inline' }, { mode: 'fork' }, { mode: 'fork', force: true }]) {
            codes.push(await writeSnapshot('/dev/null', options).then(
              () => 'written',
              (error) => error.code + ' ' + error.message,
            ));
          }
          console.log(JSON.stringify(codes));
        })();`;
      const run = spawnSync(process.execPath, ['-e', source], { encoding: 'utf8' });
      assert.equal(run.status, 0, `${run.signal} ${run.stderr}`);
      const [inline, fork, forced] = JSON.parse(run.stdout);
      assert.match(inline, /^ERR_CAPTURE_REFUSED/);
      assert.match(fork, /^ERR_CAPTURE_REFUSED/);
      assert.match(forced, /^ERR_CAPTURE_FAILED .*(SIGKILL|MB)/);
    } finally {
      removeGroup(group);
    }
  });
});

/**
 * @param {number} bytes
 * @returns {string | null} The directory of a new control group with that limit.
 */
function makeGroup(bytes) {
  const name = `heapdiff-test-${process.pid}`;
  /** @type {Array<[string, string]>} */
  const kinds = [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ];
  for (const [root, limit] of kinds) {
    const group = path.join(root, name);
    try {
      fs.mkdirSync(group);
      fs.writeFileSync(path.join(group, limit), String(bytes));
      return group;
    } catch {
      removeGroup(group);
    }
  }
  return null;
}

/** @param {string} group */
function removeGroup(group) {
  try {
    fs.rmdirSync(group);
  } catch {
    // It was never made, or a process is still leaving it.
  }
}
