'use strict';
/**
 * The service uses heapdiff between the snapshots: it writes one, diffs the live heap with it a few
 * times, and renders the reports.
 *
 * @healthy
 */
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { diffSnapshots, formatReport, writeSnapshot } = require('../../..');
const { snapshot } = require('../harness');

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'self-'));
process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }));

async function check(file) {
  const report = await diffSnapshots(file);
  for (const format of ['text', 'markdown', 'html', 'json']) formatReport(report, format);
}

async function main() {
  const file = path.join(directory, 'start.heapsnapshot');
  await snapshot('baseline');
  await writeSnapshot(file);
  for (let i = 0; i < 4; i++) await check(file);
  await snapshot('current');
}
main();
