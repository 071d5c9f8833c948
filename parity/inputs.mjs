// Makes what is compared: fresh snapshots of real processes, and generated ones.

import { execFile } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generatePair } from './generate.mjs';

const { MAJORS, nodeBinary } = createRequire(import.meta.url)('../scripts/node-versions.js');
const run = promisify(execFile);
const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));

/** @typedef {{name: string, base: string, current: string}} Pair */

/** Kinds of snapshot: program, and its arguments after the two paths. */
const REAL = [
  { kind: 'plain', program: 'rich-app.js', args: [] },
  { kind: 'exposeInternals', program: 'rich-app.js', args: ['{"exposeInternals":true}'] },
  { kind: 'exposeNumericValues', program: 'rich-app.js', args: ['{"exposeNumericValues":true}'] },
  { kind: 'weak maps', program: 'weak-maps.js', args: [] },
  { kind: 'allocation traces', program: 'tracked.js', args: ['traces'] },
  { kind: 'allocation samples', program: 'tracked.js', args: ['samples'] },
];

/**
 * Takes a pair of snapshots of every kind on every Node.js version, one after the other.
 *
 * @param {string} directory
 * @param {{quick: boolean}} options `quick`: the plain kind only.
 * @returns {AsyncGenerator<Pair>}
 */
export async function* realPairs(directory, { quick }) {
  for (const major of MAJORS) {
    const node = nodeBinary(major);
    const { stdout } = await run(node, ['--version']);
    for (const { kind, program, args } of quick ? REAL.slice(0, 1) : REAL) {
      const stem = path.join(directory, `node${major}-${kind.replaceAll(' ', '-')}`);
      const [base, current] = [`${stem}-base.heapsnapshot`, `${stem}-current.heapsnapshot`];
      await run(node, [path.join(fixtures, program), base, current, ...args], { timeout: 120_000 });
      yield { name: `Node.js ${stdout.trim()} ${kind}`, base, current };
    }
  }
}

/**
 * Writes generated pairs; the two files of one are overwritten only `window` pairs later.
 *
 * @param {string} directory
 * @param {{count: number, seed: number, window: number}} options Seeds run from `seed` upwards.
 * @returns {Generator<Pair>}
 */
export function* generatedPairs(directory, { count, seed, window }) {
  for (let i = 0; i < count; i += 1) {
    const stem = path.join(directory, `generated-${i % window}`);
    const [base, current] = [`${stem}-base.heapsnapshot`, `${stem}-current.heapsnapshot`];
    const texts = generatePair(seed + i);
    fs.writeFileSync(base, texts.base);
    fs.writeFileSync(current, texts.current);
    yield { name: `generated ${seed + i}`, base, current };
  }
}
