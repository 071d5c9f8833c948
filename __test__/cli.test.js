'use strict';

const { spawn, spawnSync } = require('node:child_process');
const assert = require('node:assert/strict');
const { once } = require('node:events');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, test } = require('node:test');
const { captureGrowingService } = require('./support/captures');

const program = path.join(__dirname, '..', 'bin', 'heapdiff.js');

const noFullDevice = !fs.existsSync('/dev/full') && 'there is no /dev/full';

/** @param {string[]} args */
function heapdiff(...args) {
  const options = { encoding: /** @type {const} */ ('utf8'), maxBuffer: 2 ** 30 };
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], options);
  return { status, stdout, stderr };
}

/**
 * @param {string[]} args
 * @param {RegExp} message
 */
function assertError(args, message) {
  const { status, stdout, stderr } = heapdiff(...args);
  assert.equal(status, 2, `${args}: ${stderr}`);
  assert.equal(stdout, '');
  assert.match(stderr, /^heapdiff: .*\n$/, 'one line');
  assert.match(stderr, message);
}

describe('the command line', () => {
  /** @type {ReturnType<typeof captureGrowingService>} */
  let files;
  /** @type {any} */
  let document;
  before(() => {
    files = captureGrowingService();
    document = JSON.parse(fs.readFileSync(files.current, 'utf8'));
  });

  test('diff of a leak exits with 1 and names it', () => {
    const { status, stdout, stderr } = heapdiff('diff', files.baseline, files.current);
    assert.equal(status, 1);
    assert.equal(stderr, '');
    assert.match(stdout, /^LEAK {2}`sessions`/);
    const lines = stdout.split('\n');
    assert.ok(lines.length <= 41);
    assert.ok(lines.every((line) => line.length <= 100));
  });

  test('diff without a leak exits with 0', () => {
    const { status, stdout } = heapdiff('diff', files.current, files.current);
    assert.equal(status, 0);
    assert.match(stdout, /^no leak/);
  });

  test('diff --json prints the report', () => {
    const args = ['--json', '--top', '1', '--work', '1000'];
    const { status, stdout } = heapdiff('diff', ...args, files.baseline, files.current);
    assert.equal(status, 1);
    const report = JSON.parse(stdout);
    assert.equal(report.suspects.length, 1);
    assert.equal(report.suspects[0].name, 'sessions');
    assert.equal(report.suspects[0].growth.perWork.items, 20);
  });

  test('diff --markdown prints Markdown', () => {
    const { stdout } = heapdiff('diff', files.baseline, files.current, '--markdown');
    assert.match(stdout, /^#+ /m);
    assert.match(stdout, /`sessions`/);
  });

  test('diff --html writes a page', () => {
    const page = path.join(files.directory, 'report.html');
    const { status, stdout } = heapdiff('diff', files.baseline, files.current, '--html', page);
    assert.equal(status, 1);
    assert.equal(stdout, '');
    assert.match(fs.readFileSync(page, 'utf8'), /^<!doctype html>[^]*sessions/i);
  });

  test('diff --html leaves a page that it cannot replace as it is, and nothing beside it', () => {
    const folder = fs.mkdtempSync(path.join(files.directory, 'pages-'));
    const page = path.join(folder, 'report.html');
    fs.writeFileSync(page, 'of yesterday');
    const toPage = path.join(folder, 'link.html');
    fs.symlinkSync('report.html', toPage);
    // No file of a process may be larger than 512 bytes.
    const command = 'ulimit -f 1; exec "$0" "$@"';
    const args = [program, 'diff', files.baseline, files.current, '--html', page];
    const failed = spawnSync('bash', ['-c', command, process.execPath, ...args]);
    assert.notEqual(failed.status, 1);
    assert.equal(fs.readFileSync(page, 'utf8'), 'of yesterday');
    heapdiff('diff', files.baseline, files.current, '--html', toPage);
    assert.match(fs.readFileSync(page, 'utf8'), /^<!doctype html>/i);
    assert.ok(fs.lstatSync(toPage).isSymbolicLink());
    const toPipe = ['-c', '"$0" "$@" --html /dev/stdout | cat', process.execPath];
    const piped = spawnSync('bash', [...toPipe, ...args.slice(0, 4)], { encoding: 'utf8' });
    assert.match(piped.stdout, /^<!doctype html>/i);
    assert.deepEqual(fs.readdirSync(folder).sort(), ['link.html', 'report.html']);
  });

  const noDescriptors = !fs.existsSync('/proc/self/fd') && 'there is no /proc/self/fd';
  test('what goes to stdout by a link leaves the link', { skip: noDescriptors }, () => {
    const folder = fs.mkdtempSync(path.join(files.directory, 'stdout-'));
    const link = path.join(folder, 'stdout');
    fs.symlinkSync('/proc/self/fd/1', link);
    const out = path.join(folder, 'out');
    heapdiff('redact', files.current, '--salt', 's', '-o', out);
    const expected = fs.readFileSync(out, 'utf8');
    const redact = ['redact', files.current, '--salt', 's', '-o', link];
    assert.ok(heapdiff(...redact).stdout === expected, 'by a socket');
    const bash = (/** @type {string} */ command, /** @type {string[]} */ args) =>
      spawnSync('bash', ['-c', command, process.execPath, program, ...args], {
        encoding: 'utf8',
        maxBuffer: 2 ** 30,
      });
    assert.ok(bash('"$0" "$@" | cat', redact).stdout === expected, 'by a pipe');
    const diff = ['diff', files.baseline, files.current, '--html', link];
    for (const [args, written] of /** @type {const} */ ([
      [redact, expected],
      [diff, bash('"$0" "$@" | cat', diff).stdout],
    ])) {
      bash(`(echo begin; "$0" "$@"; echo end) > ${out}`, [...args]);
      assert.ok(fs.readFileSync(out, 'utf8') === `begin\n${written}end\n`, 'to a file');
    }
    assert.deepEqual(fs.readdirSync(folder).sort(), ['out', 'stdout']);
    assert.ok(fs.lstatSync(link).isSymbolicLink());
  });

  test('diff --ignore takes names and regular expressions', () => {
    for (const pattern of ['sessions', '/SESSIONS/i']) {
      const args = ['diff', files.baseline, files.current, '--json', '--ignore', pattern];
      const report = JSON.parse(heapdiff(...args).stdout);
      assert.ok(report.ignored >= 1);
      assert.ok(report.suspects.every((/** @type {any} */ { name }) => name !== 'sessions'));
    }
  });

  test('diff --ignore takes a path for a path', () => {
    const { status, stdout } = heapdiff(
      'diff',
      files.baseline,
      files.current,
      '--ignore',
      '/a/b/c',
    );
    assert.equal(status, 1);
    assert.match(stdout, /^LEAK {2}`sessions`/);
  });

  test('nodes prints a row per node, in the order of the file', () => {
    const { status, stdout } = heapdiff('nodes', files.current);
    assert.equal(status, 0);
    const rows = stdout.trimEnd().split('\n');
    const { node_fields, node_types } = document.snapshot.meta;
    const at = Object.fromEntries(
      node_fields.map((/** @type {string} */ name, /** @type {number} */ i) => [name, i]),
    );
    assert.equal(rows.length, document.snapshot.node_count);
    assert.equal(node_types[0].length > 10, true);
    for (const [i, row] of rows.entries()) {
      const [id, type, self, retained, distance, dominator, detachedness, ...more] =
        row.split('\t');
      const node = i * node_fields.length;
      assert.equal(more.length, 0);
      assert.equal(Number(id), document.nodes[node + at.id]);
      assert.equal(Number(type), document.nodes[node + at.type]);
      assert.ok(Number(retained) >= Number(self));
      assert.ok(Number(dominator) < rows.length);
      assert.match(`${distance} ${detachedness}`, /^-?\d+ \d$/);
    }
    const total = rows.reduce((sum, row) => sum + Number(row.split('\t')[2]), 0);
    assert.equal(Number(rows[0].split('\t')[3]), total, 'the root retains everything');
  });

  test('nodes into a pipe that is closed early ends quietly', async () => {
    const child = spawn(process.execPath, [program, 'nodes', files.current]);
    let stderr = '';
    child.stderr.on('data', (text) => (stderr += text));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [status] = await once(child, 'close');
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });

  test('diff into a pipe that is closed early keeps its exit status', async () => {
    const args = [program, 'diff', files.baseline, files.current];
    const child = spawn(process.execPath, args);
    let stderr = '';
    child.stderr.on('data', (text) => (stderr += text));
    child.stdout.destroy();
    const [status] = await once(child, 'close');
    assert.deepEqual({ status, stderr }, { status: 1, stderr: '' });
  });

  test('a full disk is an error, and not taken for a leak', { skip: noFullDevice }, () => {
    for (const args of [
      ['diff', files.baseline, files.current],
      ['summary', files.current],
      ['nodes', files.current],
      ['--help'],
    ]) {
      const full = fs.openSync('/dev/full', 'w');
      const { status, stderr } = spawnSync(process.execPath, [program, ...args], {
        stdio: ['ignore', full, 'pipe'],
        encoding: 'utf8',
      });
      fs.closeSync(full);
      assert.equal(status, 2, `${args}: ${stderr}`);
      assert.match(stderr, /^heapdiff: ENOSPC: no space left on device, write.*\n$/);
    }
  });

  test('summary prints statistics, classes and what retains most', () => {
    const { status, stdout } = heapdiff('summary', files.current);
    assert.equal(status, 0);
    assert.match(stdout, /typedArrays +\d/);
    assert.match(stdout, /^Session +20,100 /m);
    const { stats, classes, dominators } = JSON.parse(
      heapdiff('summary', files.current, '--json', '--top', '4').stdout,
    );
    assert.equal(stats.nodeCount, document.snapshot.node_count);
    assert.equal(classes.length, 4);
    assert.equal(dominators.length, 4);
  });

  test('path and retainers explain a node', () => {
    const report = JSON.parse(heapdiff('diff', files.baseline, files.current, '--json').stdout);
    const id = String(report.suspects[0].nodeId);
    const steps = JSON.parse(heapdiff('path', files.current, id, '--json').stdout);
    assert.equal(steps.at(-1).nodeId, Number(id));
    assert.ok(heapdiff('path', files.current, `@${id}`).stdout.includes(`${id}  `));
    const retainers = JSON.parse(heapdiff('retainers', files.current, id, '--json').stdout);
    assert.ok(retainers.some((/** @type {any} */ { edge }) => edge === 'sessions'));
    assert.match(heapdiff('retainers', files.current, id).stdout, /context +sessions/);
  });

  test('errors are one line and exit with 2', () => {
    const missing = path.join(files.directory, 'missing');
    const text = path.join(files.directory, 'text');
    fs.writeFileSync(text, 'this is\nno snapshot');
    assertError([], /which command/);
    assertError(['compare'], /no command 'compare'/);
    assertError(['diff', files.baseline], /usage: heapdiff diff BASE CURRENT/);
    assertError(['diff', files.baseline, files.current, '--html', ''], /--html FILE has to say/);
    assertError(['diff', files.baseline, files.current, missing], /usage/);
    assertError(['diff', files.baseline, files.current, '--jsno'], /--jsno/);
    assertError(['diff', files.baseline, files.current, '--top'], /--top/);
    assertError(['diff', files.baseline, files.current, '--top', 'x'], /--top must be a whole/);
    assertError(
      ['diff', files.baseline, files.current, '--top', '-1'],
      /--top needs a value, and what follows/,
    );
    assertError(['digest', files.current, '-o', '-x'], /-o needs a value, and what follows/);
    for (const work of ['0', '1e308', '1e-10', '0.00000000000001', '2-1']) {
      const range = /--work must be a number from 1e-9 to below 2 \*\* 53/;
      assertError(['diff', files.baseline, files.current, '--work', work], range);
    }
    const top = ['--top', '4294967296'];
    assertError(
      ['diff', files.baseline, files.current, ...top],
      /--top must be .* below 2 \*\* 32/,
    );
    assertError(['diff', files.baseline, files.current, '--json', '--markdown'], /only one of/);
    assertError(['diff', files.baseline, files.current, '--ignore', '/(/'], /regular expression/);
    assertError(['diff', missing, files.current], /ENOENT/);
    assertError(['diff', files.baseline, files.current, '--work', '-1'], /--work needs a value/);
    assertError(['diff', files.baseline, text], /\/text: not a valid heap snapshot/);
    assertError(['diff', text, files.current], /\/text: not a valid heap snapshot/);
    assertError(['summary', text], /\/text: not a valid heap snapshot/);
    assertError(['digest', files.current], /-o OUT/);
    assertError(['digest', files.current, '-o', ''], /-o OUT/);
    assertError(['redact', files.current], /-o OUT/);
    assertError(['nodes', missing], /ENOENT/);
    assertError(['path', files.current, 'x'], /NODE_ID must be a whole number/);
    assertError(['path', files.current, '4000000000'], /no node with the id 4000000000/);
    const page = `${missing}/x`;
    assertError(['diff', files.baseline, files.current, '--html', page], /ENOENT.*\/x'$/m);
  });

  test('--help and --version', () => {
    assert.match(heapdiff('--help').stdout, /Usage: heapdiff COMMAND/);
    assert.match(heapdiff('diff', '--help').stdout, /^Usage: heapdiff diff BASE/);
    assert.equal(heapdiff('--version').stdout, `${require('../package.json').version}\n`);
  });
});
