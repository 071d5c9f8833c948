// The files that are measured: made once, by the same program, and kept in `.cache/`.

import { execFile } from 'node:child_process';
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const { nodeBinary } = createRequire(import.meta.url)('../scripts/node-versions.js');
const program = fileURLToPath(new URL('./heap.cjs', import.meta.url));
const service = fileURLToPath(new URL('./service.cjs', import.meta.url));
const cache = fileURLToPath(new URL('./.cache/', import.meta.url));

/** Version of Node.js that takes the snapshots: one whose files hold a row per line. */
const MAJOR = 22;

/** Sessions on the heap: small is about 5 MB per file, medium 200 MB, large 1.1 GB, huge 2 GB. */
export const SIZES = Object.freeze({
  small: 300,
  quarter: 100_000,
  half: 200_000,
  medium: 400_000,
  large: 2_300_000,
  huge: 4_000_000,
});

/**
 * @param {string} size Key of SIZES.
 * @returns {Promise<{base: string, current: string}>} Paths of two snapshots of one process.
 */
export async function snapshotPair(size) {
  const hash = crypto.createHash('sha256');
  for (const file of [program, service]) hash.update(fs.readFileSync(file));
  const stem = path.join(cache, `${hash.digest('hex').slice(0, 12)}-${size}`);
  const pair = { base: `${stem}-base.heapsnapshot`, current: `${stem}-current.heapsnapshot` };
  if (!fs.existsSync(`${stem}.done`)) {
    fs.mkdirSync(cache, { recursive: true });
    const args = [
      '--max-old-space-size=14000',
      program,
      pair.base,
      pair.current,
      String(SIZES[size]),
    ];
    await promisify(execFile)(nodeBinary(MAJOR), args);
    fs.writeFileSync(`${stem}.done`, '');
  }
  return pair;
}

/**
 * @param {{base: string, current: string}} pair
 * @returns {Promise<{base: string, current: string}>} The same two, compressed.
 */
export async function gzipPair(pair) {
  const compressed = { base: `${pair.base}.gz`, current: `${pair.current}.gz` };
  for (const side of ['base', 'current']) {
    if (fs.existsSync(compressed[side])) continue;
    const temporary = `${compressed[side]}.tmp`;
    const [from, to] = [fs.createReadStream(pair[side]), fs.createWriteStream(temporary)];
    await pipeline(from, zlib.createGzip(), to);
    fs.renameSync(temporary, compressed[side]);
  }
  return compressed;
}
