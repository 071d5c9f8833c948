'use strict';

const { getHeapSpaceStatistics, getHeapStatistics } = require('node:v8');
const { checkCaptureOptions, checkGzip } = require('./capture-options');
const { HeapdiffError, settled } = require('./errors');
const { native, nativeCapture } = require('./native');
const { checkOptions } = require('./validate');

/** @typedef {import('./capture-options').CaptureOptions} CaptureOptions */
/** @typedef {import('../index').CaptureEstimate} CaptureEstimate */

/** `auto` forks rather than let the event loop stand still for longer. */
const DEFAULT_MAX_PAUSE_MS = 1000;
/**
 * What a capture of small objects takes, measured on 200 MB. The prediction of an estimate is an
 * upper bound, several times as high; a heap of a few megabytes would be forked for no reason, and
 * ids that a child gives out mean nothing later.
 */
const LIKELY_MS_PER_BYTE = 60 / 1e6;
/**
 * What deflate takes at each level, of a snapshot that is hard to compress, on a processor that others
 * use as well. V8 waits for it when the pipe is full.
 */
const GZIP_MS_PER_BYTE = [4, 20, 25, 35, 45, 60, 80, 110, 160, 180].map((ns) => ns / 1e6);
/** What is left to others of the memory that is free: this share, and at least this much. */
const MARGIN_SHARE = 0.05;
const MARGIN_BYTES = 32 * 1024 * 1024;
/** Of the memory of new objects, what V8 gives back when a capture begins: nearly all. */
const GIVEN_BACK_SHARE = 0.9;
/** Where V8 keeps new objects. */
const YOUNG_SPACES = ['new_space', 'new_large_object_space'];
/**
 * V8 keeps the doubles of an array as they are, fills its empty slots with an object of its own, and
 * the deleted entries of a `Set` with another one. By these three, that is recognized wherever it is.
 *
 * @type {[number[], unknown[], Set<number>]}
 */
const EXAMPLES = [[0.1, 0.2, 0.3], new Array(2), withDeletedEntry()];
const V8_MAJOR = Number.parseInt(process.versions.v8, 10);
/** Where it keeps large objects. That of code is executable memory. */
const LARGE_SPACE = /^(?!code_).*large_object_space$/;

/** @type {typeof import('../index').estimateCapture} */
function estimateCapture(options) {
  const given = checkOptions(options);
  const gzipLevel = checkGzip(given.gzip, false);
  const checked = { ...checkCaptureOptions(given), gzipLevel };
  const heap = heapBytes();
  const cost = settled(nativeCapture().captureCost(heap, ...EXAMPLES));
  return estimate(checked, heap, cost).estimate;
}

/** @typedef {import('./native-binding').HeapBytes} HeapBytes */

/** V8 shrinks the table of a `Set` of which most was deleted. */
function withDeletedEntry() {
  const set = new Set([1, 2, 3, 4]);
  set.delete(1);
  return set;
}

/**
 * What V8 says of the heap of this thread's isolate.
 *
 * @returns {HeapBytes}
 */
function heapBytes() {
  const { used_heap_size: used, total_physical_size: resident } = getHeapStatistics();
  const young = { used: 0, resident: 0 };
  const oldLarge = { used: 0, resident: 0 };
  let largeUsed = 0;
  for (const space of getHeapSpaceStatistics()) {
    const isYoung = YOUNG_SPACES.includes(space.space_name);
    const isLarge = LARGE_SPACE.test(space.space_name);
    if (isLarge) largeUsed += space.space_used_size;
    if (!isYoung && !isLarge) continue;
    const sum = isYoung ? young : oldLarge;
    sum.used += space.space_used_size;
    sum.resident += space.physical_space_size;
  }
  return {
    oldUsed: Math.max(used - young.used, 0),
    oldResident: Math.max(resident - young.resident, 0),
    youngUsed: young.used,
    youngResident: young.resident,
    largeUsed,
    oldLargeUsed: oldLarge.used,
    oldLargeResident: oldLarge.resident,
    v8Major: V8_MAJOR,
  };
}

/** @param {HeapBytes} heap */
function usedBytes({ oldUsed, youngUsed }) {
  return oldUsed + youngUsed;
}

/**
 * @param {CaptureOptions} options
 * @param {HeapBytes} heap
 * @param {import('./native-binding').CaptureCost} cost
 * @returns {{ estimate: CaptureEstimate, maxMemoryBytes: number }} `maxMemoryBytes` is what a child
 *   may take.
 */
function estimate(options, heap, cost) {
  const inlinePauseMs = cost.inlinePauseMs + compressionMs(options, cost);
  const heapBytes = usedBytes(heap);
  const free = cost.availableBytes ?? Number.MAX_SAFE_INTEGER;
  const availableBytes = Math.max(free - Math.max(free * MARGIN_SHARE, MARGIN_BYTES), 0);
  const mode = chooseMode(options, { ...cost, inlinePauseMs }, heapBytes);
  const forked = mode === 'fork';
  // A child's garbage collection writes to pages that it shares, which copies them. Here, it gives
  // the memory of new objects back before anything else is taken.
  const givenBack = Math.min(heap.youngResident * GIVEN_BACK_SHARE, cost.peakBytes / 2);
  const predictedPeakBytes = Math.ceil(cost.peakBytes + (forked ? cost.copiedBytes : -givenBack));
  const predictedPauseMs = forked ? cost.forkPauseMs : inlinePauseMs;
  const limit = options.maxMemoryBytes ?? availableBytes;
  const why =
    forked && !cost.canFork
      ? 'fork mode needs Linux on x64 or arm64'
      : whyNot({ predictedPeakBytes, predictedPauseMs, limit, options, mode });
  return {
    estimate: {
      heapBytes,
      predictedPeakBytes,
      predictedPauseMs,
      availableBytes: Math.floor(availableBytes),
      mode,
      safe: why === null,
      reason: why ?? describe(predictedPeakBytes, predictedPauseMs, limit),
    },
    maxMemoryBytes: options.force
      ? (options.maxMemoryBytes ?? Number.MAX_SAFE_INTEGER)
      : Math.min(options.maxMemoryBytes ?? Infinity, availableBytes),
  };
}

/**
 * @param {CaptureOptions} options
 * @param {import('./native-binding').CaptureCost} cost
 */
function compressionMs({ gzipLevel }, { documentBytes }) {
  return gzipLevel === undefined ? 0 : documentBytes * GZIP_MS_PER_BYTE[gzipLevel];
}

/**
 * @param {CaptureOptions} options
 * @param {import('./native-binding').CaptureCost} cost
 * @param {number} heapBytes
 * @returns {'inline' | 'fork'}
 */
function chooseMode({ mode, preferFork, maxPauseMs }, cost, heapBytes) {
  if (mode !== 'auto') return mode;
  // Who names a limit means it; without one, what is likely decides.
  const isLong =
    maxPauseMs === undefined
      ? heapBytes * LIKELY_MS_PER_BYTE > DEFAULT_MAX_PAUSE_MS
      : cost.inlinePauseMs > maxPauseMs;
  return cost.canFork && (preferFork || isLong) ? 'fork' : 'inline';
}

/**
 * @param {{ predictedPeakBytes: number, predictedPauseMs: number, limit: number, options: CaptureOptions, mode: string }} facts
 * @returns {string | null}
 */
function whyNot({ predictedPeakBytes, predictedPauseMs, limit, options: { maxPauseMs }, mode }) {
  if (predictedPeakBytes > limit) {
    return `it may take ${megabytes(predictedPeakBytes)} of memory, and ${megabytes(limit)} are to be had`;
  }
  if (mode === 'inline' && maxPauseMs !== undefined && predictedPauseMs > maxPauseMs) {
    return `it may stop the event loop for ${Math.round(predictedPauseMs)} ms, and ${maxPauseMs} are allowed`;
  }
  return null;
}

/**
 * @param {number} peak
 * @param {number} pause
 * @param {number} limit
 */
function describe(peak, pause, limit) {
  return `at most ${megabytes(peak)} of ${megabytes(limit)} and ${Math.round(pause)} ms of pause`;
}

/** @param {number} bytes */
function megabytes(bytes) {
  return `${Math.round(bytes / 1e6).toLocaleString('en-US')} MB`;
}

/**
 * The guard before a capture. Memory is looked at on a native thread.
 *
 * @param {CaptureOptions} options
 * @param {import('./job').Watch} watch
 * @returns {Promise<{ mode: 'inline' | 'fork', maxMemoryBytes: number }>} How to do it, and what a
 *   child may take.
 * @throws {HeapdiffError} `ERR_CAPTURE_REFUSED` with the estimate.
 */
async function admit(options, watch) {
  const heap = heapBytes();
  const cost = await watch.run((job) => native().findCaptureCost(job, heap, ...EXAMPLES));
  const { estimate: expected, maxMemoryBytes } = estimate(options, heap, cost);
  // Where there is no fork mode the capture says so itself, with a code of its own.
  const isImpossible = expected.mode === 'fork' && !cost.canFork;
  if (expected.safe || options.force || isImpossible) {
    return { mode: expected.mode, maxMemoryBytes };
  }
  const error = new HeapdiffError({
    code: 'ERR_CAPTURE_REFUSED',
    message: `the capture is refused: ${expected.reason}`,
  });
  throw Object.assign(error, { estimate: expected });
}

module.exports = { admit, estimate, estimateCapture };
