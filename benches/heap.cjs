'use strict';

/**
 * Writes a pair of snapshots of the heap of `service.cjs`, before and after its leak.
 *
 *     node heap.cjs BASE CURRENT SESSIONS
 *
 * 400,000 sessions make about 200 MB per file.
 */

const v8 = require('node:v8');
const startService = require('./service.cjs');

const [basePath, currentPath, sessions] = process.argv.slice(2);
globalThis.service = startService(Number(sessions));
v8.writeHeapSnapshot(basePath);
globalThis.service.leak();
v8.writeHeapSnapshot(currentPath);
