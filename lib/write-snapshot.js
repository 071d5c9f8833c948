'use strict';

const path = require('node:path');
const { threadId } = require('node:worker_threads');
const { checkCaptureOptions, checkGzip } = require('./capture-options');
const { captureDigest, captureFile } = require('./capture');
const { Watch } = require('./job');
const { checkBoolean, checkChoice, checkJobOptions, checkOptions } = require('./validate');
const { checkPath, isUrl, toTarget } = require('./validate');

/** @typedef {import('../index').SnapshotInfo} SnapshotInfo */
/** @typedef {import('../index').WriteCallback} WriteCallback */

let sequence = 0;

/**
 * All calling styles in one: see index.d.ts.
 *
 * @param {unknown[]} args `[path], [options], [callback]`
 * @returns {any}
 */
function writeSnapshot(...args) {
  const last = args.findLastIndex((arg) => arg !== undefined);
  const callback = typeof args[last] === 'function' ? args[last] : undefined;
  if (callback) args.length = last;
  const written = write(args);
  if (!callback) return written;
  callBack(written, /** @type {WriteCallback} */ (callback));
  return undefined;
}

/**
 * npm heapdump's style. What the callback throws is an uncaught exception, as it is there.
 *
 * @param {Promise<SnapshotInfo>} written
 * @param {WriteCallback} callback
 */
function callBack(written, callback) {
  written.then(
    (info) => process.nextTick(callback, null, info.path),
    (error) => process.nextTick(callback, error),
  );
}

/**
 * @param {unknown[]} args
 * @returns {Promise<SnapshotInfo>}
 */
async function write(args) {
  const [first, second] = args;
  const hasPath = typeof first !== 'object' || first === null || isUrl(first) || args.length > 1;
  const given = hasPath && (first ?? null) !== null ? checkPath(first, 'path') : undefined;
  const options = checkOptions(hasPath ? second : first);
  const watch = new Watch(checkJobOptions(options));
  const format = checkChoice(options.format, 'options.format', ['snapshot', 'digest']);
  const exclusive = checkBoolean(options.exclusive, 'options.exclusive') ?? false;
  const gzipLevel = checkGzip(options.gzip, given?.endsWith('.gz') ?? false);
  const capture = checkCaptureOptions(options);
  const file = given ?? defaultPath(options.dir, extension(format, gzipLevel));
  const target = { exclusive: exclusive || given === undefined, gzipLevel, capture };
  const {
    file: written,
    walk,
    attempts,
    isolateId,
    warnings,
  } = await (format === 'digest' ? captureDigest : captureFile)(toTarget(file), target, watch);
  return {
    path: file,
    format: format ?? 'snapshot',
    mode: walk.mode,
    bytes: written.bytes,
    nodeCount: written.nodeCount,
    edgeCount: written.edgeCount,
    pauseMs: walk.pauseMs,
    totalMs: watch.elapsedMs(),
    rss: written.rss,
    takenAt: walk.takenAt,
    isolateId,
    attempts,
    ...(walk.fork && { fork: walk.fork }),
    warnings,
  };
}

/**
 * @param {string | undefined} format
 * @param {number | undefined} gzipLevel
 */
function extension(format, gzipLevel) {
  // A digest is compressed already.
  if (format === 'digest') return 'heapdigest';
  return gzipLevel === undefined ? 'heapsnapshot' : 'heapsnapshot.gz';
}

/**
 * A name that no other capture of this or another process has: time, process, thread, sequence.
 *
 * @param {unknown} dir
 * @param {string} suffix
 */
function defaultPath(dir, suffix) {
  const time = new Date()
    .toISOString()
    .replaceAll(/[-:]|\.\d+Z$/g, '')
    .replace('T', '.');
  sequence += 1;
  const name = `Heap.${time}.${process.pid}.${threadId}.${sequence}.${suffix}`;
  const directory = dir === undefined ? process.cwd() : checkPath(dir, 'options.dir');
  return path.join(directory, name);
}

module.exports = { writeSnapshot };
