'use strict';

// A fingerprint is what a team puts into an ignore list or an alert: it has to outlive the process,
// the deploy and the version of Node.js.

const assert = require('node:assert/strict');
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { test, describe, before, after } = require('node:test');

const { diffSnapshots } = require('..');

/** @type {string} */
let dir;
before(() => (dir = fs.mkdtempSync(path.join(os.tmpdir(), 'heapdiff-fingerprint-'))));
after(() => fs.rmSync(dir, { recursive: true, force: true }));

/**
 * @param {{ name?: string, linesAbove?: number, rounds?: number }} [options]
 * @returns {string} A store that keeps every session, and a program that fills it.
 */
function programWith({ name = 'sessions', linesAbove = 0, rounds = 3_000 } = {}) {
  return `${'// A line.\n'.repeat(linesAbove)}
class SessionStore {
  ${name} = new Map();
  open(id) { this.${name}.set(id, { id, cart: [id] }); }
}
const store = new SessionStore();
const { writeSnapshot } = require(${JSON.stringify(path.join(__dirname, '..'))});
async function main() {
  for (let i = 0; i < 100; i++) store.open('a' + i);
  await writeSnapshot(process.argv[2]);
  for (let i = 0; i < ${rounds}; i++) store.open('b' + i);
  await writeSnapshot(process.argv[3]);
  store.open('last');
}
main();
`;
}

/**
 * @param {string} folder
 * @param {string} source
 * @param {string} [file]
 * @returns {{ older: string, newer: string }} Snapshots of a process that runs the source.
 */
function run(folder, source, file = 'server.js') {
  const home = path.join(dir, folder);
  fs.mkdirSync(home, { recursive: true });
  const program = path.join(home, file);
  fs.writeFileSync(program, source);
  const [older, newer] = ['older', 'newer'].map((label) =>
    path.join(home, `${label}.heapsnapshot`),
  );
  execFileSync(process.execPath, [program, older, newer], { stdio: 'ignore' });
  return { older, newer };
}

/**
 * @param {string} older
 * @param {string} newer
 * @returns {Promise<import('..').Suspect>}
 */
async function firstSuspect(older, newer) {
  const { suspects } = await diffSnapshots(older, newer);
  assert.ok(suspects.length > 0, 'a leak is found');
  return suspects[0];
}

describe('fingerprints', () => {
  /** @type {{ older: string, newer: string }} */
  let first;
  /** @type {string} */
  let fingerprint;
  before(async () => {
    first = run('first', programWith());
    ({ fingerprint } = await firstSuspect(first.older, first.newer));
  });

  test('are the same on every version of Node.js', () => {
    assert.equal(fingerprint, 'ec5856ea3e2c3bdd');
  });

  test('are the same in another process, and between two processes', async () => {
    const second = run('second', programWith());
    const again = await firstSuspect(second.older, second.newer);
    const between = await firstSuspect(first.older, second.newer);
    assert.equal(again.fingerprint, fingerprint);
    assert.equal(between.fingerprint, fingerprint);
  });

  test('are the same when only lines moved, and when it leaks faster', async () => {
    const edited = run('edited', programWith({ linesAbove: 40, rounds: 6_000 }));
    const suspect = await firstSuspect(edited.older, edited.newer);
    assert.ok((suspect.source?.line ?? 0) > 40);
    assert.equal(suspect.fingerprint, fingerprint);
  });

  test('differ for another property, and for another file', async () => {
    const property = run('property', programWith({ name: 'visitors' }));
    const file = run('file', programWith(), 'worker.js');
    const suspects = await Promise.all(
      [property, file].map(({ older, newer }) => firstSuspect(older, newer)),
    );
    const all = new Set([fingerprint, ...suspects.map((suspect) => suspect.fingerprint)]);
    assert.equal(all.size, 3);
  });

  test('can be ignored', async () => {
    const report = await diffSnapshots(first.older, first.newer, { ignore: [fingerprint] });
    assert.equal(report.verdict, 'no-leak');
    assert.deepEqual(report.suspects, []);
    assert.equal(report.ignored, 1);
  });
});
