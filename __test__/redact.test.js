'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const zlib = require('node:zlib');

const { diffSnapshots } = require('..');
const { temporaryDirectory } = require('./support/captures');

const packagePath = JSON.stringify(path.join(__dirname, '..'));
const program = path.join(__dirname, '..', 'bin', 'heapdiff.js');

/**
 * Plants secrets wherever one can hide. They are put together at run time, so that the source of
 * this program does not hold them. Arguments: where the snapshots go.
 */
const source = `
  const { snapshotStream, writeSnapshot } = require(${packagePath});
  const fs = require('node:fs');
  const secret = (n) => ['SEC', 'RET', n].join('-') + '-' + 'x'.repeat(20);
  class KeptLabel {}
  const keptVariable = [];
  const hidden = {
    string: secret('plain'),
    joined: secret('joined-a') + secret('joined-b') + Math.random(),
    sliced: (secret('sliced').repeat(5)).slice(3, 90),
    long: secret('long').repeat(100),
    wide: secret('wide') + '\\u00e9\\u4e2d',
    symbol: Symbol(secret('symbol')),
    regexp: new RegExp(secret('regexp')),
    error: new Error(secret('error')),
    map: new Map([[secret('map-key'), secret('map-value')]]),
    set: new Set([secret('set')]),
    weak: new WeakMap(),
    weakKey: { a: 1 },
    dictionary: Object.create(null),
    large: {},
    deleted: { first: 1, second: 2 },
    compiled: new Function('return "' + secret('source') + '"'),
    json: JSON.parse('{"a":"' + secret('json') + '"}'),
    template: \`\${secret('template')}!\`,
    url: new URL('https://example.org/?q=' + secret('url')),
    bound: function () {}.bind(null, secret('bound')),
    closure: ((text) => () => text)(secret('closure')),
    promise: Promise.resolve(secret('promise')),
    number: 123456789.125,
    array: [secret('array')],
    label: 'keptProperty',
    keptProperty: {},
  };
  hidden.compiled();
  hidden.weak.set(hidden.weakKey, secret('weak-value'));
  hidden.dictionary[secret('dictionary-key')] = { a: secret('dictionary-value') };
  for (let i = 0; i < 2000; i++) hidden.large[secret('large-' + i)] = i;
  delete hidden.deleted.first;
  hidden.deleted[secret('deleted')] = {};
  globalThis.keep = { hidden, keptVariable, thing: new KeptLabel(), use: () => keptVariable };
  globalThis.keptGlobal = { a: {} };
  const redact = { salt: 'a salt' };
  const [baseline, current, plainBaseline, plainCurrent, streamed] = process.argv.slice(1);
  (async () => {
    await writeSnapshot(plainBaseline);
    await writeSnapshot(baseline, { redact });
    for (let i = 0; i < 20000; i++) keptVariable.push({ text: secret(i) });
    await writeSnapshot(plainCurrent);
    await writeSnapshot(current, { redact });
    const write = fs.createWriteStream(streamed);
    const options = { redact, gzip: true, exposeNumericValues: true };
    await require('node:stream/promises').pipeline(snapshotStream(options), write);
  })();`;

describe('redaction', () => {
  const directory = temporaryDirectory();
  const names = ['baseline', 'current', 'plain-baseline', 'plain-current', 'streamed.gz'];
  const files = names.map((name) => path.join(directory, name));
  const run = spawnSync(process.execPath, ['-e', source, ...files], { encoding: 'utf8' });
  const [baseline, current, plainBaseline, plainCurrent, streamed] = files;

  it('leaves no secret in the file, raw or decoded', () => {
    assert.equal(run.status, 0, run.stderr);
    assert.match(fs.readFileSync(plainBaseline, 'utf8'), /SECRET|SEC-RET/);
    for (const file of [baseline, current, streamed]) {
      const bytes = fs.readFileSync(file);
      const text = (file === streamed ? zlib.gunzipSync(bytes) : bytes).toString();
      const decoded = JSON.parse(text).strings.join('\n');
      for (const form of [text, decoded]) {
        assert.doesNotMatch(form, /SEC-RET|RET-/);
        assert.doesNotMatch(form, /123456789/);
      }
    }
  });

  it('keeps the labels', () => {
    const { strings } = JSON.parse(fs.readFileSync(baseline, 'utf8'));
    const labels = ['KeptLabel', 'keptVariable', 'keptProperty', 'keptGlobal', 'system / Context'];
    for (const label of labels) assert.ok(strings.includes(label), label);
    assert.ok(strings.some((/** @type {string} */ text) => text.startsWith('node:internal/')));
  });

  it('gives equal strings equal tokens, under one salt only', () => {
    const tokens = (/** @type {string} */ file) =>
      JSON.parse(fs.readFileSync(file, 'utf8')).strings.filter((/** @type {string} */ text) =>
        /^~\d+~[0-9a-f]{16}$/.test(text),
      );
    const [older, newer] = [new Set(tokens(baseline)), new Set(tokens(current))];
    const shared = [...older].filter((token) => newer.has(token));
    assert.ok(shared.length > older.size * 0.9, `${shared.length} of ${older.size}`);
    const other = path.join(directory, 'other-salt');
    redactFile(plainBaseline, other, ['--salt', 'another']);
    assert.ok(tokens(other).every((/** @type {string} */ token) => !older.has(token)));
  });

  it('gives the same diff', async () => {
    const [redacted, plain] = [
      await diffSnapshots(baseline, current),
      await diffSnapshots(plainBaseline, plainCurrent),
    ];
    assert.equal(redacted.verdict, 'leak');
    assert.equal(redacted.verdict, plain.verdict);
    const facts = (/** @type {import('..').LeakReport} */ { suspects }) =>
      suspects.map(({ name, className, kind, growth, source }) => ({
        name,
        className,
        kind,
        items: growth.items,
        source,
      }));
    assert.deepEqual(facts(redacted)[0], facts(plain)[0]);
    assert.equal(redacted.suspects[0].name, 'keptVariable');
  });

  it('does it for existing files, on the command line', () => {
    for (const name of ['redacted.heapsnapshot', 'redacted.heapsnapshot.gz']) {
      const output = path.join(directory, name);
      redactFile(plainCurrent, output, ['--salt', 'a salt']);
      const bytes = fs.readFileSync(output);
      const text = (name.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString();
      assert.doesNotMatch(text, /SEC-RET|RET-/);
      assert.ok(JSON.parse(text).strings.includes('keptVariable'));
      assert.equal(fs.statSync(output).mode & 0o777, 0o600);
    }
    const failed = spawnSync(process.execPath, [program, 'redact', plainCurrent]);
    assert.equal(failed.status, 2);
  });

  it('refuses what is no snapshot', () => {
    const input = path.join(directory, 'no-snapshot');
    fs.writeFileSync(input, '{"nodes":[1]}');
    const output = path.join(directory, 'nothing');
    const failed = spawnSync(process.execPath, [program, 'redact', input, '-o', output]);
    assert.equal(failed.status, 2);
    assert.equal(fs.existsSync(output), false);
  });
});

/**
 * @param {string} input
 * @param {string} output
 * @param {string[]} options
 */
function redactFile(input, output, options) {
  const args = [program, 'redact', input, '-o', output, ...options];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
}
