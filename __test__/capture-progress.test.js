'use strict';

// What a capture says of its progress is true: it never goes back, is never over 100 %, ends at 100 %,
// and is not far from the share of the bytes that have really come.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { before, describe, it } = require('node:test');

const { temporaryDirectory } = require('./support/captures');

const packagePath = JSON.stringify(path.join(__dirname, '..'));
const canFork = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

/** How far what is reported may be from the truth, in percent of the whole. */
const TOLERANCE = 15;

/** Heaps whose snapshots consist mostly of structure, and mostly of text. */
const heaps = {
  'many objects': 'Array.from({ length: 150000 }, (_, i) => ({ i, next: { i } }))',
  'long strings':
    'Array.from({ length: 20000 }, (_, i) => Buffer.alloc(900, 97 + (i % 20)).toString() + i)',
};

/** Calls of the API, which get `options`. */
const calls = {
  snapshot: "writeSnapshot('a', options)",
  'compressed snapshot': "writeSnapshot('b.gz', options)",
  digest: "writeSnapshot('c', { ...options, format: 'digest' })",
  'diff with the live heap': "diffSnapshots('base', null, options)",
};

/**
 * @param {string} mode
 * @param {string} heap
 * @returns {Record<string, { reports: Array<import('..').Progress>, bytes?: number }>} The reports of
 *   each call, and the size of the file that it wrote.
 */
function reportsOf(mode, heap) {
  const source = `
    const { diffSnapshots, writeSnapshot } = require(${packagePath});
    globalThis.heap = ${heap};
    const calls = {${Object.entries(calls).map(([name, call]) => `'${name}': (options) => ${call}`)}};
    (async () => {
      await writeSnapshot('base', { mode: 'inline', force: true });
      const all = {};
      for (const [name, call] of Object.entries(calls)) {
        const reports = [];
        const onProgress = (report) => reports.push(report);
        const { bytes } = await call({ mode: '${mode}', force: true, onProgress });
        all[name] = { reports, bytes };
      }
      process.stdout.write(JSON.stringify(all));
    })();`;
  const options = { cwd: temporaryDirectory(), maxBuffer: 1 << 28 };
  const run = spawnSync(process.execPath, ['-e', source], { ...options, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
}

for (const mode of canFork ? ['fork', 'inline'] : ['inline']) {
  for (const [kind, heap] of Object.entries(heaps)) {
    describe(`progress of a capture, ${mode}, ${kind}`, () => {
      /** @type {ReturnType<typeof reportsOf>} */
      let all;
      before(() => {
        all = reportsOf(mode, heap);
      });

      for (const call of Object.keys(calls)) {
        it(call, () => {
          const { reports, bytes: written } = all[call];
          const last = reports.at(-1);
          assert.equal(last?.percent, 100);
          assert.equal(last.bytes, last.totalBytes);
          if (call === 'snapshot') assert.equal(last.bytes, written);
          // Inline the event loop stands still until V8 is done, so that few come.
          if (mode === 'fork') assert.ok(reports.length > 20, `${reports.length} reports`);
          const reached = new Map();
          for (const report of reports) {
            const { phase, bytes, percent } = report;
            const soFar = reached.get(phase) ?? { bytes: 0, percent: 0 };
            assert.ok(bytes >= soFar.bytes, JSON.stringify([soFar, report]));
            const { percent: before } = soFar;
            assert.ok(
              (percent ?? 0) <= 100 && (percent ?? before) >= before,
              JSON.stringify(report),
            );
            const totalBytes = report.totalBytes ?? bytes;
            reached.set(phase, { bytes, percent: percent ?? before, totalBytes });
          }
          for (const { phase, bytes, percent } of reports) {
            if (percent === undefined) continue;
            const truth = (bytes / reached.get(phase).totalBytes) * 100;
            const off = Math.abs(percent - truth);
            assert.ok(off <= TOLERANCE, `${phase}: ${percent} % are reported, ${truth} % are true`);
          }
        });
      }
    });
  }
}
