'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const { describe, it } = require('node:test');
const zlib = require('node:zlib');

const { diffSnapshots, openSnapshot } = require('..');
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
    header: Buffer.from(secret('header')).toString('latin1'),
    base64: Buffer.from(secret('base64')).toString('base64'),
    percent: encodeURIComponent(secret('percent') + '?'),
    environment: { ...process.env },
    form: new URLSearchParams({ q: secret('form') }),
    generated: (function* () { yield secret('yielded'); })(),
    tagged: String.raw\`\${secret('tagged')}\`,
    date: new Date(987654321012),
    big: 987654321987654321n,
    cause: new Error('outer', { cause: new Error(secret('cause')) }),
    replaced: 'a secret: none'.replace('none', secret('replaced')),
    frozen: Object.freeze({ [secret('frozen-key').slice(0, 3)]: secret('frozen-value') }),
    proxy: new Proxy({ inside: secret('proxied') }, {}),
    weakRef: new WeakRef({ text: secret('weak-ref') }),
    stored: new (require('node:async_hooks').AsyncLocalStorage)(),
    keptProperty: {},
  };
  hidden.compiled();
  hidden.generated.next();
  hidden.stored.enterWith({ text: secret('stored') });
  hidden.weak.set(hidden.weakKey, secret('weak-value'));
  hidden.dictionary[secret('dictionary-key')] = { a: secret('dictionary-value') };
  for (let i = 0; i < 2000; i++) hidden.large[secret('large-' + i)] = i;
  // Tables of which every other entry was deleted. Their keys are flat texts, as those that were read are.
  const flat = (n) => Buffer.from(secret(n)).toString('latin1');
  hidden.sparse = { map: new Map(), set: new Set(), keys: Object.create(null) };
  for (let i = 0; i < 40; i++) {
    hidden.sparse.map.set(flat('sparse-map-' + i), i);
    hidden.sparse.set.add(flat('sparse-set-' + i));
    hidden.sparse.keys[flat('sparse-key-' + i)] = i;
  }
  for (let i = 1; i < 40; i += 2) {
    hidden.sparse.map.delete(flat('sparse-map-' + i));
    hidden.sparse.set.delete(flat('sparse-set-' + i));
    delete hidden.sparse.keys[flat('sparse-key-' + i)];
  }
  hidden.executed = [1, 2, 3].map(() => new RegExp(flat('executed'), 'u'));
  for (const executed of hidden.executed) for (let i = 0; i < 100; i++) executed.test('b' + i);
  delete hidden.deleted.first;
  hidden.deleted[secret('deleted')] = {};
  globalThis.keep = { hidden, keptVariable, thing: new KeptLabel(), use: () => keptVariable };
  globalThis.keptGlobal = { a: {} };
  globalThis.keptSessions = {};
  for (let i = 0; i < 2000; i++) keptSessions[secret('session-' + i)] = { i };
  const addresses = Array.from({ length: 100 }, (_, i) => secret('parsed') + i + '@example.org');
  hidden.parsed = JSON.parse(JSON.stringify(Object.fromEntries(addresses.map((key) => [key, {}]))));
  hidden.entries = Object.fromEntries(addresses.map((key, i) => [secret('entries-' + i), {}]));
  hidden.headers = { 'kept-header': {} };
  const address = (text) => secret(text) + '@example.org';
  hidden.memo = function keptMemo() {};
  hidden.memo[address('memo')] = {};
  hidden.registry = class KeptRegistry {};
  hidden.registry[address('registry')] = {};
  globalThis[address('global')] = {};
  hidden.context = require('node:vm').createContext({});
  const setInside = '(key) => { globalThis[key] = {}; globalThis.keptInside = {}; }';
  require('node:vm').runInContext(setInside, hidden.context)(address('inside'));
  const redact = { salt: 'a salt' };
  const [baseline, current, plainBaseline, plainCurrent, streamed, digest] = process.argv.slice(1);
  (async () => {
    hidden.imported = await import('data:text/javascript,export default "' + secret('imported') + '"');
    const queried = require('node:path').join(require('node:path').dirname(baseline), 'queried.mjs');
    fs.writeFileSync(queried, 'export const keptExport = () => 1;');
    hidden.queried = await import(require('node:url').pathToFileURL(queried) + '?' + secret('query'));
    const remote = 'https://' + secret('user') + '@example.org/remote.js?' + secret('signature');
    hidden.remote = require('node:vm').runInThisContext('() => 1', { filename: remote });
    await writeSnapshot(plainBaseline);
    await writeSnapshot(baseline, { redact });
    await writeSnapshot(digest, { redact, format: 'digest' });
    for (let i = 0; i < 20000; i++) keptVariable.push({ text: secret(i) });
    await writeSnapshot(plainCurrent);
    await writeSnapshot(current, { redact });
    const write = fs.createWriteStream(streamed);
    const options = { redact, gzip: true, exposeNumericValues: true };
    await require('node:stream/promises').pipeline(snapshotStream(options), write);
  })();`;

describe('redaction', () => {
  const directory = temporaryDirectory();
  const names = [
    'baseline',
    'current',
    'plain-baseline',
    'plain-current',
    'streamed.gz',
    'baseline.heapdigest',
  ];
  const files = names.map((name) => path.join(directory, name));
  const env = { ...process.env, HEAPDIFF_TEST_TOKEN: ['SEC', 'RET', 'environment'].join('-') };
  const run = spawnSync(process.execPath, ['-e', source, ...files], { encoding: 'utf8', env });
  const [baseline, current, plainBaseline, plainCurrent, streamed, digest] = files;

  it('leaves no secret in the file, raw or decoded', () => {
    assert.equal(run.status, 0, run.stderr);
    assert.match(fs.readFileSync(plainBaseline, 'utf8'), /SECRET|SEC-RET/);
    for (const file of [baseline, current, streamed]) {
      const bytes = fs.readFileSync(file);
      const text = (file === streamed ? zlib.gunzipSync(bytes) : bytes).toString();
      assertNoSecret(text);
      assertNoSecret(JSON.parse(text).strings.join('\n'));
    }
  });

  it('leaves none in a digest', () => {
    const bytes = fs.readFileSync(digest);
    const [magic, head] = ['heapdigest\0'.length, 25];
    assert.equal(bytes.subarray(0, magic).toString(), 'heapdigest\0');
    const body = zlib.inflateSync(bytes.subarray(head)).toString('latin1');
    assert.ok(body.includes('KeptLabel'));
    assertNoSecret(body);
  });

  it('keeps the labels', () => {
    const { strings } = JSON.parse(fs.readFileSync(baseline, 'utf8'));
    const labels = ['KeptLabel', 'keptVariable', 'keptProperty', 'keptGlobal', 'keptSessions'];
    labels.push('kept-header', 'keptMemo', 'KeptRegistry', 'keptInside', 'system / Context');
    for (const label of labels) assert.ok(strings.includes(label), label);
    const isRedactedUrl = (/** @type {string} */ text) =>
      /(^|\/ )data:~\d+~[0-9a-f]{16}$/.test(text);
    assert.ok(strings.some(isRedactedUrl), 'the URL of a script that is its source');
    const isRedactedQuery = (/** @type {string} */ text) =>
      /\/queried\.mjs\?~\d+~[0-9a-f]{16}$/.test(text);
    assert.ok(strings.some(isRedactedQuery), 'the URL of a script with a query');
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
    const plain = facts(await diffSnapshots(plainBaseline, plainCurrent));
    assert.equal(plain.suspects[0].name, 'keptVariable');
    // Also where only one of the two is redacted: a live heap is not, when it is compared later.
    const pairs = [
      [baseline, current],
      [baseline, plainCurrent],
      [plainBaseline, current],
      [digest, current],
      [digest, plainCurrent],
    ];
    for (const [older, newer] of pairs) {
      const names = `${path.basename(older)} and ${path.basename(newer)}`;
      const redacted = facts(await diffSnapshots(older, newer));
      assert.deepEqual(redacted.suspects, plain.suspects, names);
      assert.equal(redacted.matching, 'identity', names);
      assert.equal(redacted.verdict, 'leak', names);
    }
  });

  for (const options of [{}, { exposeInternals: true }]) {
    it(`gives the same diff for what a global holds, with ${JSON.stringify(options)}`, async () => {
      const program = `
        const { writeSnapshot } = require(${packagePath});
        globalThis.keptCache = {};
        globalThis.holder = (() => ({ list: [], keys: {} }))();
        const grow = {
          keptCache: (key) => { keptCache[key] = { key }; },
          keys: (key) => { holder.keys[key] = { key }; },
          list: (key) => { holder.list.push({ key }); },
        };
        const options = { mode: 'inline', ...${JSON.stringify(options)} };
        (async () => {
          const directory = process.argv[2];
          for (const [name, add] of Object.entries(grow)) {
            for (const [at, file] of ['older', 'newer'].entries()) {
              for (let i = 0; i < 5000; i++) add('secret ' + at + i * 7);
              const path = directory + '/' + name + '-' + file;
              await writeSnapshot(path, options);
              await writeSnapshot(path + '-redacted', { ...options, redact: { salt: 'a salt' } });
            }
          }
        })();`;
      const folder = fs.mkdtempSync(path.join(directory, 'global-'));
      // A file, as what is evaluated has no name that a suspect could be declared in.
      const file = path.join(folder, 'program.js');
      fs.writeFileSync(file, program);
      const made = spawnSync(process.execPath, [file, folder], { encoding: 'utf8' });
      assert.equal(made.status, 0, made.stderr);
      for (const name of ['keptCache', 'keys', 'list']) {
        const [older, newer] = ['older', 'newer'].map((at) => path.join(folder, `${name}-${at}`));
        const plain = facts(await diffSnapshots(older, newer));
        const redacted = facts(await diffSnapshots(`${older}-redacted`, `${newer}-redacted`));
        assert.ok(plain.suspects[0].name?.endsWith(name), plain.suspects[0].name ?? '');
        assert.deepEqual(redacted.suspects[0], plain.suspects[0], name);
      }
    });
  }

  it('gives the same diff for what a module exports', async () => {
    const program = `
      import { writeSnapshot } from ${JSON.stringify(path.join(__dirname, '../index.js'))};
      const kept = new Map();
      export { kept as exportedCache };
      const proxies = new Map();
      const directory = process.argv[2];
      for (const name of ['older', 'newer']) {
        for (let i = 0; i < 3000; i++) kept.set('secret ' + name + i, { i });
        // A Map whose table refers to what is hidden, by keys that are data.
        for (let i = 0; i < 20; i++) proxies.set('secret of ' + name + i, new Proxy({}, {}));
        await writeSnapshot(directory + '/' + name, { mode: 'inline' });
        const redact = { salt: 'a salt' };
        await writeSnapshot(directory + '/' + name + '-redacted', { mode: 'inline', redact });
      }`;
    const folder = fs.mkdtempSync(path.join(directory, 'module-'));
    const file = path.join(folder, 'program.mjs');
    fs.writeFileSync(file, program);
    const made = spawnSync(process.execPath, [file, folder], { encoding: 'utf8' });
    assert.equal(made.status, 0, made.stderr);
    const [older, newer] = ['older', 'newer'].map((name) => path.join(folder, name));
    const plain = facts(await diffSnapshots(older, newer));
    const redacted = facts(await diffSnapshots(`${older}-redacted`, `${newer}-redacted`));
    assert.equal(plain.suspects[0].name, 'exportedCache');
    assert.deepEqual(redacted.suspects, plain.suspects);
    assert.ok(!fs.readFileSync(`${newer}-redacted`, 'latin1').includes('secret'));
  });

  it('changes no number of the class tables', async () => {
    const redacted = path.join(directory, 'of-the-same');
    redactFile(plainCurrent, redacted, ['--salt', 'a salt']);
    const [before, after] = [await classTable(plainCurrent), await classTable(redacted)];
    assert.deepEqual(after, before);
    const rows = async (/** @type {string} */ newer) =>
      (await diffSnapshots(plainBaseline, newer, { classes: 1000 })).classes
        .map(withoutKeys)
        .sort();
    assert.deepEqual(await rows(redacted), await rows(plainCurrent));
  });

  it('loads in Chrome DevTools, with the same totals and classes', async (t) => {
    const devtools = await loadDevTools();
    if (devtools === null) return t.skip("DevTools' heap worker cannot be installed here");
    const redacted = path.join(directory, 'for-devtools');
    redactFile(plainCurrent, redacted, ['--salt', 'a salt']);
    const [plain, other] = [await devtools(plainCurrent), await devtools(redacted)];
    assert.ok(plain.nodeCount > 20_000);
    assert.deepEqual(other, plain);
    // And the one that was redacted on its way from V8.
    assert.ok((await devtools(current)).nodeCount > 20_000);
  });

  it('does it for existing files, on the command line', () => {
    for (const name of ['redacted.heapsnapshot', 'redacted.heapsnapshot.gz']) {
      const output = path.join(directory, name);
      redactFile(plainCurrent, output, ['--salt', 'a salt']);
      const bytes = fs.readFileSync(output);
      const text = (name.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString();
      assertNoSecret(text);
      assert.ok(JSON.parse(text).strings.includes('keptVariable'));
      assert.equal(fs.statSync(output).mode & 0o777, 0o600);
    }
    const failed = spawnSync(process.execPath, [program, 'redact', plainCurrent]);
    assert.equal(failed.status, 2);
  });

  it('tells of the bytes that it writes, as V8 is not at work', async () => {
    const { redactFile } = require('../lib/redact');
    const phases = new Set();
    const onProgress = (/** @type {import('..').Progress} */ { phase }) => phases.add(phase);
    await redactFile(plainCurrent, path.join(directory, 'watched'), { onProgress });
    assert.deepEqual([...phases], ['write']);
  });

  it('lets no value reach a file on the way', (t) => {
    if (spawnSync('strace', ['-V']).status !== 0) return t.skip('it needs strace');
    const log = path.join(directory, 'strace');
    const target = path.join(directory, 'traced');
    // What the value is must not be in the program, which is a file, nor in its arguments.
    const traced = `
      const { snapshotStream, writeSnapshot } = require(${packagePath});
      const fs = require('node:fs');
      globalThis.kept = Array.from({ length: 50 }, (_, i) => ({ text: ['SEC', 'RET', i].join('-') }));
      const [target, mode] = process.argv.slice(1);
      (async () => {
        const redact = mode !== 'plain';
        for (const gzip of [false, 0]) await writeSnapshot(target, { mode: 'inline', redact, gzip });
        const stream = snapshotStream({ mode: 'inline', redact });
        await require('node:stream/promises').pipeline(stream, fs.createWriteStream(target));
      })();`;
    const writes = (/** @type {string} */ mode) => {
      const calls = 'trace=write,writev,pwrite64,pwritev,pwritev2';
      const args = ['-f', '-y', '-qq', '-s', '4000000', '-e', calls, '-o', log];
      const program = [process.execPath, '-e', traced, target, mode];
      assert.equal(spawnSync('strace', [...args, ...program]).status, 0);
      const lines = fs.readFileSync(log, 'latin1').split('\n');
      // The pipe from V8 is the one way on which values are in the clear.
      return lines.filter(
        (line) => line.includes('SEC-RET') && !/\(\d+<(pipe|[^>]*\/pipe):?/.test(line),
      );
    };
    assert.ok(writes('plain').length >= 3, 'without redaction they are seen');
    assert.deepEqual(writes('redacted'), []);
  });

  it('refuses what is no snapshot', () => {
    const input = path.join(directory, 'no-snapshot');
    fs.writeFileSync(input, '{"nodes":[1]}');
    const output = path.join(directory, 'nothing');
    const failed = spawnSync(process.execPath, [program, 'redact', input, '-o', output]);
    assert.equal(failed.status, 2);
    assert.equal(fs.existsSync(output), false);
  });

  it('refuses a string that cannot be read, as a comparison does, with the same words', () => {
    const whole = fs.readFileSync(plainCurrent, 'latin1');
    const [input, output] = ['escape', 'escape-redacted'].map((name) => path.join(directory, name));
    fs.writeFileSync(input, whole.replace('"strings":["', '"strings":["\\q'), 'latin1');
    const run = (/** @type {string[]} */ ...args) => {
      const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
        encoding: 'utf8',
      });
      return { status, stderr };
    };
    const refused = run('redact', input, '-o', output);
    assert.match(refused.stderr, /an escape that JSON does not know \(at byte \d+\)/);
    assert.deepEqual(refused, run('diff', plainBaseline, input));
    assert.equal(refused.status, 2);
    assert.equal(fs.existsSync(output), false);
  });

  it('refuses damage wherever it is, says at which byte, and leaves nothing', async () => {
    const { redactFile } = require('../lib/redact');
    const folder = fs.mkdtempSync(path.join(directory, 'damage-'));
    const [input, output] = ['input', 'output'].map((name) => path.join(folder, name));
    const whole = fs.readFileSync(plainCurrent, 'latin1');
    /** @type {Array<[string, RegExp, string]>} */
    const damages = [
      ['a comma more in the tree of traces', /"trace_tree":\[/, '"trace_tree":[,'],
      ['a bracket of the wrong kind', /"samples":\[\]/, '"samples":[}'],
      ['a row of what is no node', /"locations":\[/, '"locations":[1,1,1,1,'],
      ['half a row', /"locations":\[/, '"locations":[0,1,'],
      ['a list among the locations', /"locations":\[/, '"locations":[[],'],
      ['a node of a type that there is not', /"nodes":\[\d+,/, '"nodes":[99,'],
      ['an edge of a type that there is not', /"edges":\[\d+,/, '"edges":[99,'],
      ['an edge into the middle of a node', /("edges":\[\d+,\d+),\d+/, '$1,1'],
      ['a name that no string is', /("nodes":\[\d+),\d+/, '$1,4000000000'],
      ['a root that no node is', /"node_count":/, '"root_index":1,"node_count":'],
      ['a word that breaks off', /"samples":/, '"novel":nul,"samples":'],
      ['a colon for a comma', /("edge_count":\d+),/, '$1:'],
    ];
    for (const [what, pattern, damage] of damages) {
      const damaged = whole.replace(pattern, damage);
      assert.notEqual(damaged, whole, what);
      fs.writeFileSync(input, damaged, 'latin1');
      /** @type {any} */
      const error = await redactFile(input, output, {}).catch((reason) => reason);
      assert.equal(error?.code, 'ERR_INVALID_SNAPSHOT', what);
      assert.ok(Number.isInteger(error.offset) && error.offset < damaged.length, what);
      assert.ok(error.message.includes(`(at byte ${error.offset})`), error.message);
      assert.deepEqual(fs.readdirSync(folder), ['input'], what);
    }
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

/** @param {string} text */
function assertNoSecret(text) {
  // In base64 at each of the three offsets that it can begin at: what is the same in all.
  const encoded = ['', 'x', 'xx'].map((before) =>
    Buffer.from(`${before}SEC-RET-`).toString('base64').slice(4, 9),
  );
  for (const needle of ['SEC-RET', 'RET-', 'SEC%2DRET', '123456789', '987654321', ...encoded]) {
    assert.equal(text.includes(needle), false, needle);
  }
}

/** @param {import('..').LeakReport} report */
function facts({ verdict, matching, suspects }) {
  return {
    verdict,
    matching,
    suspects: suspects.map(({ name, className, kind, growth, source, fingerprint }) => ({
      name,
      className,
      kind,
      items: growth.items,
      source,
      fingerprint,
    })),
  };
}

/** @param {string} file */
async function classTable(file) {
  const snapshot = await openSnapshot(file);
  try {
    const classes = snapshot.classes({ top: 100_000 }).map(withoutKeys).sort();
    return { stats: { ...snapshot.stats, source: '' }, classes };
  } finally {
    snapshot.close();
  }
}

/**
 * DevTools calls plain objects by what they hold, `{first, second}`. Where that is a dictionary its
 * keys are data, and are redacted.
 *
 * @param {object} row
 */
function withoutKeys(row) {
  const text = JSON.stringify(row, (key, value) => (key === 'ids' ? undefined : value));
  return text.replace(/"(\d*,?)\{[^"]*\}"/g, '"$1{}"');
}

/**
 * @returns {Promise<((file: string) => Promise<any>) | null>} What DevTools' own heap worker says of
 *   a snapshot.
 */
async function loadDevTools() {
  const folder = path.join(__dirname, '..', 'parity', 'devtools');
  const quiet = /** @type {const} */ ({ stdio: 'ignore' });
  if (!fs.existsSync(path.join(folder, 'node_modules'))) {
    const args = ['install', '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    if (spawnSync('npm', args, { ...quiet, cwd: folder }).status !== 0) return null;
  }
  const built = spawnSync(process.execPath, [path.join(folder, 'build.mjs')], quiet);
  assert.equal(built.status, 0);
  const ask = `
    import { load } from ${JSON.stringify(pathToFileURL(path.join(folder, 'worker.mjs')).href)};
    import { summary, statistics, staticData } from ${JSON.stringify(pathToFileURL(path.join(folder, 'answers.mjs')).href)};
    const snapshot = await load(process.argv[1]);
    const answer = { ...staticData(snapshot), statistics: statistics(snapshot), classes: summary(snapshot) };
    process.stdout.write(JSON.stringify(answer, (key, value) => (key === 'ids' ? undefined : value)));`;
  return async (file) => {
    const args = ['--input-type=module', '-e', ask, file];
    const run = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
    assert.equal(run.status, 0, run.stderr);
    const { classes, ...totals } = JSON.parse(run.stdout);
    return { ...totals, classes: classes.map(withoutKeys).sort() };
  };
}
