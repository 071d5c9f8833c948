'use strict';

const { spawnSync } = require('node:child_process');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const ts = require('typescript');
const { diffSnapshots, formatReport } = require('..');
const { temporaryDirectory } = require('./support/captures');

const source = `
import v8 = require('node:v8');

interface Order {
  id: number;
  lines: string[];
}

type Handler = (order: Order) => void;

const pending: Order[] = [];

export const accept: Handler = (order) => {
  pending.push(order);
};

for (const [name, orders] of [['baseline', 100], ['current', 20000]] as const) {
  for (let id = 0; id < orders; id++) accept({ id, lines: [\`line \${id}\`] });
  v8.writeHeapSnapshot(process.argv[2] + '/' + name + '.heapsnapshot');
}
`;

const commonOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.CommonJS,
  removeComments: true,
  // `transpileModule` knows no directories.
  sourceRoot: '../src',
};

/**
 * Compiles the program, runs it, and compares its snapshots.
 *
 * @param {ts.CompilerOptions} options
 * @param {(files: { directory: string, code: string, map: string | undefined }) => void} write
 * @returns {Promise<{ report: import('..').LeakReport, original: string }>} `original` is the path
 *   of the TypeScript file.
 */
async function compareCompiled(options, write) {
  const directory = temporaryDirectory();
  const original = path.join(directory, 'src', 'orders.ts');
  fs.mkdirSync(path.join(directory, 'src'));
  fs.mkdirSync(path.join(directory, 'dist'));
  fs.writeFileSync(original, source);
  const { outputText, sourceMapText } = ts.transpileModule(source, {
    compilerOptions: { ...commonOptions, ...options },
    fileName: 'orders.ts',
  });
  write({ directory, code: outputText, map: sourceMapText });
  const program = path.join(directory, 'dist', 'orders.js');
  const run = spawnSync(process.execPath, [program, directory], { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  const [baseline, current] = ['baseline', 'current'].map((name) =>
    path.join(directory, `${name}.heapsnapshot`),
  );
  return { report: await diffSnapshots(baseline, current), original };
}

/**
 * @param {{ report: import('..').LeakReport, original: string }} compared
 */
function assertOriginal({ report, original }) {
  const [suspect] = report.suspects;
  assert.equal(suspect.name, 'pending');
  assert.equal(path.basename(suspect.source?.url ?? ''), 'orders.js');
  const position = suspect.source?.original;
  assert.equal(position?.url, fs.realpathSync(original));
  // Where the variable is declared, or the function that has it in its scope.
  const line = source.split('\n')[position.line - 1];
  assert.match(line, /pending|accept/, `line ${position.line}`);
  assert.notEqual(position.line, suspect.source?.line, 'the compiler moved the line');
  assert.match(formatReport(report), /orders\.ts/);
}

test('a map beside the file', async () => {
  const compared = await compareCompiled({ sourceMap: true }, ({ directory, code, map }) => {
    const file = path.join(directory, 'dist', 'orders.js');
    fs.writeFileSync(file, code.replace(/\/\/# sourceMappingURL=.*/, '//# sourceMappingURL=o.map'));
    fs.writeFileSync(path.join(directory, 'dist', 'o.map'), /** @type {string} */ (map));
  });
  assertOriginal(compared);
});

test('a map inside the file', async () => {
  const compared = await compareCompiled({ inlineSourceMap: true }, ({ directory, code }) => {
    assert.match(code, /sourceMappingURL=data:/);
    fs.writeFileSync(path.join(directory, 'dist', 'orders.js'), code);
  });
  assertOriginal(compared);
});

test('a map without a comment, called like the file', async () => {
  const compared = await compareCompiled({ sourceMap: true }, ({ directory, code, map }) => {
    const file = path.join(directory, 'dist', 'orders.js');
    fs.writeFileSync(file, code.replace(/\/\/# sourceMappingURL=.*/, ''));
    fs.writeFileSync(`${file}.map`, /** @type {string} */ (map));
  });
  assertOriginal(compared);
});

test('a map that is missing or broken changes nothing', async () => {
  for (const map of [
    undefined,
    'no JSON',
    '{"version":3,"mappings":"!","sources":[],"names":[]}',
  ]) {
    const { report } = await compareCompiled({ sourceMap: true }, ({ directory, code }) => {
      const file = path.join(directory, 'dist', 'orders.js');
      fs.writeFileSync(file, code);
      if (map !== undefined) fs.writeFileSync(`${file}.map`, map);
    });
    const [suspect] = report.suspects;
    assert.equal(suspect.name, 'pending');
    assert.equal(path.basename(suspect.source?.url ?? ''), 'orders.js');
    assert.equal(suspect.source?.original, undefined);
    assert.deepEqual(report.warnings, []);
  }
});

test('a source that only has a URL is given as it is', async () => {
  const { report } = await compareCompiled({ sourceMap: true }, ({ directory, code, map }) => {
    const file = path.join(directory, 'dist', 'orders.js');
    fs.writeFileSync(file, code);
    const changed = JSON.parse(/** @type {string} */ (map));
    changed.sourceRoot = '';
    changed.sources = ['webpack://shop/./src/orders.ts'];
    fs.writeFileSync(`${file}.map`, JSON.stringify(changed));
  });
  assert.equal(report.suspects[0].source?.original?.url, 'webpack://shop/./src/orders.ts');
});
