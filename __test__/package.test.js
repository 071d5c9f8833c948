'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const { temporaryDirectory } = require('./support/captures');

const root = path.join(__dirname, '..');

/**
 * @param {string} source
 * @param {string[]} flags
 */
function evaluate(source, flags = [], cwd = root) {
  const run = spawnSync(process.execPath, [...flags, '-e', source], { cwd, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout;
}

test('every export can be imported by name from an ES module', () => {
  const names = Object.keys(require('..'));
  assert.ok(names.includes('diffSnapshots'));
  const source = `
    import { ${names.join(', ')} } from './index.js';
    import heapdiff from './index.js';
    console.log([${names.join(', ')}].map((f) => typeof f).join(), heapdiff.${names[0]} === ${names[0]});`;
  const printed = evaluate(source, ['--input-type=module']);
  assert.equal(printed, `${names.map(() => 'function').join()} true\n`);
});

test('what is declared is what is there', () => {
  const declarations = fs.readFileSync(path.join(root, 'index.d.ts'), 'utf8');
  const declared = [
    ...declarations.matchAll(/^export (?:declare )?(?:function|const|class) (\w+)/gm),
  ];
  const names = new Set(declared.map(([, name]) => name));
  assert.deepEqual([...names].sort(), Object.keys(require('..')).sort());
});

test('what is not the API cannot be imported from outside', () => {
  const directory = temporaryDirectory();
  fs.mkdirSync(path.join(directory, 'node_modules'));
  fs.symlinkSync(root, path.join(directory, 'node_modules', 'heapdiff'));
  const source = `
    const codes = ['', '/package.json', '/lib/capture', '/index.js'].map((part) => {
      try { return typeof require('heapdiff' + part); } catch (error) { return error.code; }
    });
    console.log(codes.join());`;
  const refused = 'ERR_PACKAGE_PATH_NOT_EXPORTED';
  assert.equal(evaluate(source, [], directory), `object,object,${refused},${refused}\n`);
});

test('importing has no side effect', () => {
  const printed = evaluate(`
    const fs = require('node:fs');
    const before = {
      listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
      globals: Object.getOwnPropertyNames(globalThis).length,
      threads: process.platform === 'linux' ? fs.readdirSync('/proc/self/task').length : 0,
      handles: process.getActiveResourcesInfo(),
    };
    require('.');
    const after = {
      listeners: process.eventNames().map((name) => [name, process.listenerCount(name)]),
      globals: Object.getOwnPropertyNames(globalThis).length,
      threads: process.platform === 'linux' ? fs.readdirSync('/proc/self/task').length : 0,
      handles: process.getActiveResourcesInfo(),
    };
    require('node:assert').deepStrictEqual(after, before);
    const native = Object.keys(require.cache).filter((file) => file.endsWith('.node'));
    console.log(native.length);`);
  assert.equal(printed, '0\n', 'the native part is loaded by the first call that needs it');
});

test('a missing native part is an error of the call, and says what to run', () => {
  const copy = path.join(temporaryDirectory(), 'heapdiff');
  for (const part of ['index.js', 'lib', 'package.json']) {
    fs.cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
  }
  const printed = evaluate(
    `require('.').diffSnapshots('a', 'b').catch((error) => console.log(error.code, error.message));`,
    [],
    copy,
  );
  assert.match(printed, /^ERR_NATIVE_BINDING heapdiff has no native part for /);
  assert.match(printed, /node ".*build\.js"/);
});

test('a process that must not load addons is told so, and not to build one', () => {
  const printed = evaluate(
    `require('.').diffSnapshots('a', 'b').catch((error) => console.log(error.code, error.message));`,
    ['--no-addons'],
  );
  assert.match(printed, /^ERR_NATIVE_BINDING this process must not load native addons/);
});

test('where the native part can only read, what would capture says so', () => {
  const printed = evaluate(`
    const { binaryPath } = require('./lib/platform');
    require.cache[binaryPath()] = { loaded: true, exports: { Job: class {}, Input: { fromPath() {} } } };
    const { estimateCapture, diffSnapshots, snapshotStream, writeSnapshot } = require('.');
    const { writeDigest } = require('./lib/digest');
    const { redactFile } = require('./lib/redact');
    const refused = (promise) => promise.then(
      () => 'resolved',
      ({ code, message }) => code + (/can read and compare/.test(message) ? '' : message),
    );
    (async () => {
      console.log(await Promise.all([
        refused((async () => estimateCapture())()),
        refused(writeSnapshot('a')),
        refused(writeSnapshot('a', { format: 'digest' })),
        refused(diffSnapshots('a')),
        refused(snapshotStream().toArray()),
        refused(writeDigest('a', 'b')),
        refused(redactFile('a', 'b', {})),
      ]).then((codes) => codes.join()));
    })();`);
  assert.equal(printed, `${Array(7).fill('ERR_UNSUPPORTED').join()}\n`);
});

test(
  'which C library it is, is found out without a name server',
  { skip: process.platform !== 'linux' },
  () => {
    const printed = evaluate(`
    const fs = require('node:fs');
    const { triple } = require('./lib/platform');
    const asked = [];
    const getReport = process.report.getReport;
    process.report.getReport = function () {
      asked.push(process.report.excludeNetwork);
      return getReport.call(this);
    };
    const found = triple();
    const { readFileSync } = fs;
    const maps = (text) => (file, ...options) =>
      file.startsWith('/proc/') ? text() : readFileSync(file, ...options);
    fs.readFileSync = maps(() => '7f00-7f01 r--p 00 fe:00 12   /lib/ld-musl-x86_64.so.1\\n7f02-7f03 rw-p');
    const withMusl = triple();
    fs.readFileSync = maps(() => '7f00-7f01 r--p 00 fe:00 12   /srv/ld-musl-notes/libc.so.6\\n');
    const withGlibc = triple();
    const before = asked.length;
    fs.readFileSync = maps(() => { throw new Error('denied'); });
    console.log(triple() === found, /-musl$/.test(withMusl), /-gnu$/.test(withGlibc), before, asked.join());`);
    assert.equal(printed, 'true true true 0 true\n');
  },
);

test('what the package ships is what it needs', () => {
  const { files, bin } = require('../package.json');
  for (const name of files.filter((/** @type {string} */ name) => !name.includes('*'))) {
    assert.ok(fs.existsSync(path.join(root, name)), name);
  }
  for (const program of Object.values(bin)) {
    const { mode } = fs.statSync(path.join(root, program));
    assert.ok(mode & 0o100, `${program} is executable`);
  }
});

test('the package can be built where it is installed', () => {
  // cargo refuses a manifest that names a file which is not there, even if it would not be built.
  const options = { cwd: root, encoding: /** @type {const} */ ('utf8') };
  const args = ['metadata', '--no-deps', '--offline', '--locked', '--format-version', '1'];
  const { targets } = JSON.parse(execFileSync('cargo', args, options)).packages[0];
  const pack = ['pack', '--dry-run', '--ignore-scripts', '--json'];
  const [{ files }] = JSON.parse(execFileSync('npm', pack, { ...options, stdio: 'pipe' }));
  const shipped = new Set(files.map((/** @type {{ path: string }} */ file) => file.path));
  for (const { name, src_path: source } of targets) {
    const file = path.relative(root, source).replaceAll('\\', '/');
    assert.ok(shipped.has(file), `${file} of ${name}`);
  }
});
