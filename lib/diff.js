'use strict';

const { types } = require('node:util');
const { captureLive } = require('./capture');
const { checkCaptureOptions } = require('./capture-options');
const { HeapdiffError } = require('./errors');
const { applyIgnore, checkIgnore } = require('./ignore');
const { toInput } = require('./input');
const { Watch } = require('./job');
const { native } = require('./native');
const { checkChoice, checkJobOptions, checkNumber } = require('./validate');
const { checkOptions, checkSource, invalidArgument } = require('./validate');

/** @typedef {import('../index').LeakReport} LeakReport */
/** @typedef {import('./validate').SourceFile} SourceFile */

/** Suspects asked for where some may be ignored: no report has more. */
const ALL_SUSPECTS = 1000;
/** Of less, growth per unit would be a number that is none. */
const LEAST_WORK = 1e-9;

/**
 * Not an async function: what those hold in variables stays on the heap until they end, and the
 * bytes of the baseline would be the first suspect of a comparison with the live heap.
 *
 * @type {typeof import('../index').diffSnapshots}
 */
function diffSnapshots(baseline, current, options) {
  try {
    const older = new HeldSource(checkSource(baseline, 'baseline'));
    const live = current === undefined || current === null;
    const newer = live ? null : new HeldSource(checkSource(current, 'current'));
    const checked = checkOptions(options);
    const diff = checkDiffOptions(checked);
    const capture = checkCaptureOptions(checked);
    const watch = new Watch(checkJobOptions(checked));
    watch.checkpoint();
    return compare(older, newer, diff, capture, watch);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * A source that is given to the native part, which copies bytes, and let go after that.
 */
class HeldSource {
  /** @type {SourceFile | Uint8Array | WeakRef<Uint8Array>} */
  #source;

  /** @param {SourceFile | Uint8Array} source */
  constructor(source) {
    this.#source = source;
  }

  /**
   * @param {Watch} watch
   * @returns {Promise<import('./native-binding').Input>}
   */
  toInput(watch) {
    const held = this.#source;
    const source = held instanceof WeakRef ? held.deref() : held;
    if (source === undefined) {
      const message = 'the bytes of the baseline are gone, so the capture cannot be tried again';
      return Promise.reject(new HeapdiffError({ code: 'ERR_CAPTURE_FAILED', message }));
    }
    if (types.isUint8Array(source)) this.#source = new WeakRef(source);
    return toInput(source, watch);
  }
}

/**
 * @param {HeldSource} older
 * @param {HeldSource | null} newer
 * @param {ReturnType<typeof checkDiffOptions>} diff
 * @param {import('./capture-options').CaptureOptions} capture
 * @param {Watch} watch
 * @returns {Promise<LeakReport>}
 */
async function compare(older, newer, diff, capture, watch) {
  const prepareReader = async () => {
    const olderInput = await older.toInput(watch);
    /** @param {import('./native-binding').Input} input */
    return (input) => watch.run((job) => native().diffSnapshots(job, olderInput, input, diff.json));
  };

  if (newer === null) {
    const live = await captureLive(capture, watch, prepareReader);
    const report = finishReport(live.value, diff);
    const { captureMs, pauseMs, takenAt } = live;
    Object.assign(report.timings, { captureMs, pauseMs, totalMs: watch.elapsedMs() });
    report.current.takenAt = takenAt;
    return report;
  }
  const compareWith = await prepareReader();
  return finishReport(await compareWith(await newer.toInput(watch)), diff);
}

/** @type {typeof import('../index').diffTrend} */
async function diffTrend(sources, options) {
  if (!Array.isArray(sources) || sources.length < 3) {
    throw invalidArgument('sources', 'an array of three or more snapshots', sources);
  }
  // Not `map`, which leaves out what is missing in the middle.
  const checkedSources = Array.from(sources, (source, at) => checkSource(source, `sources[${at}]`));
  const checked = checkOptions(options);
  const diff = checkDiffOptions(checked);
  const watch = new Watch(checkJobOptions(checked));
  watch.checkpoint();
  /** @type {import('./native-binding').Input[]} */
  const inputs = [];
  for (const source of checkedSources) inputs.push(await toInput(source, watch));
  return finishReport(await watch.run((job) => native().diffTrend(job, inputs, diff.json)), diff);
}

/**
 * @param {Record<string, unknown>} options
 * @returns {{ suspects: number, ignore: Array<string | RegExp>, json: string }} What is done here,
 *   and as JSON what the native part has to know.
 */
function checkDiffOptions(options) {
  const integer = { integer: true, max: 0xffffffff };
  const suspects = checkNumber(options.suspects, 'options.suspects', integer) ?? 5;
  const ignore = checkIgnore(options.ignore);
  const json = JSON.stringify({
    suspects: ignore.length > 0 ? ALL_SUSPECTS : Math.max(suspects, 1),
    classes: checkNumber(options.classes, 'options.classes', integer) ?? 20,
    minGrowthBytes: toWhole(checkNumber(options.minGrowthBytes, 'options.minGrowthBytes')),
    work: checkNumber(options.work, 'options.work', { min: LEAST_WORK }),
    matching: checkChoice(options.matching, 'options.matching', ['auto', 'identity', 'structural']),
    classRows: checkChoice(options.classRows, 'options.classRows', ['merged', 'devtools']),
  });
  return { suspects, ignore, json };
}

/** @param {number | undefined} bytes */
function toWhole(bytes) {
  return bytes === undefined ? undefined : Math.ceil(bytes);
}

/**
 * @param {string} json
 * @param {ReturnType<typeof checkDiffOptions>} diff
 * @returns {LeakReport}
 */
function finishReport(json, { suspects, ignore }) {
  /** @type {LeakReport} */
  const report = JSON.parse(json);
  applyIgnore(report, ignore, suspects);
  return report;
}

module.exports = { diffSnapshots, diffTrend, LEAST_WORK };
