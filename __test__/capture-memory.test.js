'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { describe, it } = require('node:test');

const packagePath = JSON.stringify(path.join(__dirname, '..'));
const isGlibc =
  process.platform === 'linux' &&
  /** @type {any} */ (process.report?.getReport()).header.glibcVersionRuntime !== undefined;
const canFork = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

/**
 * Runs `body` in a process of its own, with a heap of many objects and an array that makes V8 take
 * hundreds of megabytes.
 *
 * @param {string} body Code of an async function, which returns what to answer.
 * @returns {any}
 */
function run(body) {
  const source = `
    const inspector = require('node:inspector');
    const { writeSnapshot } = require(${packagePath});
    globalThis.heap = Array.from({ length: 200000 }, (_, i) => ({ i, text: 'text ' + i }));
    gc();
    (async () => { ${body} })().then((answer) => console.log(JSON.stringify(answer)));`;
  const args = ['--expose-gc', '-e', source];
  const ran = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  return JSON.parse(ran.stdout);
}

/** Code that starts V8's sampling heap profiler. */
const startSampling = `
  const session = new inspector.Session();
  session.connect();
  const post = (method, params) =>
    new Promise((resolve, reject) =>
      session.post(method, params, (error, result) => (error ? reject(error) : resolve(result))));
  await post('HeapProfiler.enable');
  await post('HeapProfiler.startSampling', { samplingInterval: 32768 });`;

describe('memory of an inline capture', { skip: !isGlibc && 'it needs glibc' }, () => {
  it('is given back', () => {
    const { rss, warnings, now } = run(`
      // Each object costs memory for its id, which V8 keeps as long as there may be a next snapshot.
      heap = Array.from({ length: 300000 }, () => heap[0]);
      gc();
      const info = await writeSnapshot('/dev/null', { mode: 'inline', force: true });
      return { ...info, now: process.memoryUsage().rss };`);
    assert.ok(rss.peak > rss.before + 100e6, JSON.stringify(rss));
    assert.ok(rss.after <= rss.before * 1.2, JSON.stringify(rss));
    assert.ok(Math.abs(now - rss.after) < 0.2 * now, `${now} ${JSON.stringify(rss)}`);
    assert.deepEqual(warnings, []);
  });

  it('stays for the ids of very many objects, which a warning says', () => {
    const [first, second] = run(`
      heap = Array.from({ length: 900000 }, (_, i) => ({ i, next: { i } }));
      gc();
      const options = { mode: 'inline', force: true };
      return [await writeSnapshot('/dev/null', options), await writeSnapshot('/dev/null', options)];`);
    assert.match(first.warnings.join(), /V8 keeps the ids of the objects.* `keepIds: false`/);
    assert.ok(
      first.rss.after <= first.rss.before + first.nodeCount * 80,
      JSON.stringify(first.rss),
    );
    assert.equal(first.isolateId, second.isolateId);
    assert.ok(second.rss.after <= second.rss.before * 1.2, 'they are there already');
  });

  it('is given back in whole without the ids, which begin anew', () => {
    const { infos, ids } = run(`
      const fs = require('node:fs');
      class Marked {}
      heap = Array.from({ length: 500000 }, (_, i) => ({ i, next: { i } }));
      heap.push(new Marked());
      gc();
      const directory = fs.mkdtempSync(require('node:path').join(require('node:os').tmpdir(), 'heapdiff-test-'));
      const file = directory + '/a';
      const idOfMarked = () => {
        const { snapshot, nodes, strings } = JSON.parse(fs.readFileSync(file, 'utf8'));
        const { node_fields: fields, node_types: types } = snapshot.meta;
        const object = types[0].indexOf('object');
        for (let at = 0; at < nodes.length; at += fields.length)
          if (nodes[at] === object && strings[nodes[at + 1]] === 'Marked') return nodes[at + 2];
      };
      const infos = [];
      const ids = [];
      for (const keepIds of [false, true, true]) {
        infos.push(await writeSnapshot(file, { mode: 'inline', force: true, keepIds }));
        ids.push(idOfMarked());
      }
      fs.rmSync(directory, { recursive: true });
      return { infos, ids };`);
    const [forgotten, ...kept] = infos;
    const { before, after } = forgotten.rss;
    assert.ok(after <= before * 1.05, JSON.stringify(forgotten.rss));
    assert.deepEqual(forgotten.warnings, []);
    assert.notEqual(forgotten.isolateId, kept[0].isolateId);
    assert.equal(kept[0].isolateId, kept[1].isolateId);
    assert.equal(ids[1], ids[2]);
  });

  it('is not while a sampling profiler runs, which a warning says', () => {
    const { rss, warnings } = run(`
      ${startSampling}
      return writeSnapshot('/dev/null', { mode: 'inline', force: true });`);
    assert.ok(rss.after > rss.before * 1.2, JSON.stringify(rss));
    assert.match(warnings.join(), /MB more are resident .* sampling heap profiler/);
  });
});

describe('a fork', { skip: !canFork && 'it needs Linux on x64 or arm64' }, () => {
  it('does not disturb a sampling profiler', () => {
    const { nodeCount, before, after, samples } = run(`
      ${startSampling}
      const before = process.memoryUsage().rss;
      const { nodeCount } = await writeSnapshot('/dev/null', { mode: 'fork', force: true });
      const after = process.memoryUsage().rss;
      globalThis.more = Array.from({ length: 50000 }, (_, i) => ({ i }));
      const { profile } = await post('HeapProfiler.stopSampling');
      return { nodeCount, before, after, samples: profile.samples.length };`);
    assert.ok(nodeCount > 200_000 && samples > 0);
    assert.ok(after < before * 1.2, `${before} ${after}`);
  });

  it('leaves an inspector session with the debugger attached', () => {
    const { nodeCount, answer } = run(`
      const session = new inspector.Session();
      session.connect();
      const ask = (expression) =>
        new Promise((resolve) =>
          session.post('Runtime.evaluate', { expression }, (error, answer) => resolve(answer)));
      await new Promise((resolve) => session.post('Debugger.enable', resolve));
      await ask('globalThis.marked = 7');
      const { nodeCount } = await writeSnapshot('/dev/null', { mode: 'fork', force: true });
      return { nodeCount, answer: await ask('globalThis.marked * 6') };`);
    assert.ok(nodeCount > 200_000);
    assert.equal(answer.result.value, 42);
  });
});
