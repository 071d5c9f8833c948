'use strict';

// A process that sees no /proc, as in some chroots and sandboxes: there is no fork mode, and a pipe
// has no path.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, it } = require('node:test');

const { temporaryDirectory } = require('./support/captures');

const packagePath = JSON.stringify(path.join(__dirname, '..'));

/** Runs a command in a mount name space of its own, where /proc is empty. */
const HIDE_PROC = 'mount -t tmpfs -o size=4k tmpfs /proc && exec "$0" "$@"';
const hide = ['-m', 'sh', '-c', HIDE_PROC];
const canHide = spawnSync('unshare', [...hide, 'true']).status === 0;

describe('without /proc', { skip: !canHide && 'to hide it needs root' }, () => {
  const directory = temporaryDirectory();
  /** @type {any} */
  let answers;

  before(() => {
    const source = `
      const { diffSnapshots, estimateCapture, writeSnapshot } = require(${packagePath});
      const fs = require('node:fs');
      class KeptThing {}
      // Long enough to walk that a fork would be better.
      globalThis.heap = Array.from({ length: 400000 }, (_, i) => ({ i, thing: new KeptThing() }));
      const outcome = (promise) =>
        promise.then(
          ({ mode, attempts, warnings }) => ({ mode, attempts, warnings }),
          ({ code, message, estimate }) => ({ code, message, estimate }),
        );
      (async () => {
        const answers = {
          fork: await outcome(writeSnapshot('fork', { mode: 'fork', force: true })),
          refused: await outcome(writeSnapshot('refused', { maxPauseMs: 10 })),
          auto: await outcome(writeSnapshot('auto')),
          inline: await outcome(writeSnapshot('inline', { mode: 'inline' })),
          estimate: estimateCapture({ mode: 'inline' }),
          left: fs.readdirSync('.'),
        };
        process.stdout.write(JSON.stringify(answers));
      })();`;
    const env = { ...process.env, TMPDIR: directory };
    const args = [...hide, process.execPath, '-e', source];
    const run = spawnSync('unshare', args, { cwd: directory, env, encoding: 'utf8' });
    assert.equal(run.status, 0, run.stderr);
    answers = JSON.parse(run.stdout);
  });

  it('fork mode says that it is not available, and why', () => {
    assert.equal(answers.fork.code, 'ERR_UNSUPPORTED');
    assert.match(answers.fork.message, /fork mode is not available: .*\/proc/);
  });

  it('`auto`, which would have forked, goes inline and says so', () => {
    assert.equal(answers.auto.mode, 'inline');
    assert.match(answers.auto.warnings.join(), /The event loop stood still: .*not available/);
    const whole = JSON.parse(fs.readFileSync(path.join(directory, 'auto'), 'utf8'));
    assert.ok(whole.strings.includes('KeptThing'));
  });

  it('`auto` is refused where inline would stand still for longer than is allowed', () => {
    assert.equal(answers.refused.code, 'ERR_CAPTURE_REFUSED');
    assert.equal(answers.refused.estimate.mode, 'inline');
    assert.match(answers.refused.message, /stop the event loop for \d+ ms, and 10 are allowed/);
  });

  it('inline goes through a named pipe, of which nothing is left', () => {
    assert.equal(answers.inline.mode, 'inline');
    assert.deepEqual(answers.inline.warnings, []);
    assert.deepEqual(answers.left.sort(), ['auto', 'inline']);
  });

  it('an estimate is still an upper bound', () => {
    assert.ok(answers.estimate.predictedPeakBytes > answers.estimate.heapBytes);
  });
});
