// A file against the live heap, inline: how long after V8's last byte the report is there. Makes the medium heap itself, so the
// files that it is told of are not read.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { SIZES } from '../files.mjs';
import { finish } from './contract.mjs';

const require = createRequire(import.meta.url);
const { diffSnapshots, writeSnapshot } = require('../../index.js');
const startService = require('../service.cjs');

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'heapdiff-bench-'));
// Not in a `finally`: the process ends in `finish`.
process.once('exit', () => fs.rmSync(directory, { recursive: true }));
const baseline = path.join(directory, 'baseline.heapsnapshot');
const service = startService(SIZES.medium);
await writeSnapshot(baseline, { mode: 'inline', force: true });
service.leak();
const report = await diffSnapshots(baseline, null, { mode: 'inline', force: true });
const { pauseMs, captureMs, totalMs } = report.timings;
finish(() => ({}), { live: { pauseMs, captureMs, totalMs, afterMs: totalMs - captureMs } });
