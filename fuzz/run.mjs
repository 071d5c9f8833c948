#!/usr/bin/env node
// Makes the corpus, builds the fuzzer and runs it.
//
//     npm run fuzz                           for a minute
//     npm run fuzz -- --seconds=600 --seed=1000000

import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const corpus = path.join(root, '.cache', 'fuzz-corpus');

function run(command, args) {
  const { status, signal } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`${path.basename(command)} ended with ${signal ?? `status ${status}`}`);
    process.exit(1);
  }
}

// A seed means something only with the corpus that it was found with: it stays until somebody removes it.
if (!fs.existsSync(corpus)) run(process.execPath, ['fuzz/corpus.mjs', corpus]);
run('cargo', [
  'build',
  '--quiet',
  '--profile=tools',
  '--locked',
  '--no-default-features',
  '--example',
  'fuzz',
]);
run(path.join(root, 'target', 'tools', 'examples', 'fuzz'), [corpus, ...process.argv.slice(2)]);
