'use strict';

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const path = require('node:path');
const { test } = require('node:test');

const supported = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

/** @param {string[]} more */
function soak(...more) {
  const script = path.join(__dirname, '..', 'soak', 'run.js');
  const args = [script, '--captures', '4', '--inline', '1', '--objects', '5000', ...more];
  const run = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(run.status, 0, `${run.stdout}\n${run.stderr}`);
}

const skip = !supported && 'fork mode needs Linux on x64 or arm64';

test('a service under load is captured at the first try, and comes to no harm', { skip }, () => {
  soak();
});

test('a service whose workers never rest comes to no harm', { skip }, () => {
  soak('--busy');
});
