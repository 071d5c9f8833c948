// What was measured and where: the head of every record.

import { execFileSync } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @param {string} [node] The Node.js that is measured, if it is not this one. */
export function sourceFacts(node = process.execPath) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  return {
    date: new Date().toISOString(),
    commit:
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') ? ' with changes' : ''),
    node: execFileSync(node, ['--version'], { encoding: 'utf8' }).trim(),
    cpu: os.cpus()[0].model,
    cores: os.cpus().length,
    memoryBytes: os.totalmem(),
    loadBefore: os.loadavg()[0],
  };
}
