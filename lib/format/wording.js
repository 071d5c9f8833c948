'use strict';

/**
 * The words that every format uses for the parts of a report. What comes out is plain text that
 * still holds names from the heap: each format escapes it in its own way.
 *
 * @typedef {import('../../index').LeakReport} LeakReport
 * @typedef {import('../../index').Suspect} Suspect
 * @typedef {import('../../index').SnapshotStats} SnapshotStats
 */

const { bytes, count, signed } = require('./quantity');

/** What the items of a container are called. @type {Readonly<Record<string, string>>} */
const ITEM_NOUNS = Object.freeze({
  array: 'elements',
  buffers: 'elements',
  closures: 'elements',
  instances: 'instances',
  list: 'links',
  listeners: 'listeners',
  map: 'entries',
  object: 'properties',
  promises: 'promises',
  set: 'entries',
  timers: 'timers',
});

/**
 * @param {LeakReport} report
 * @returns {string} The one sentence to read if only one is read.
 */
function headline(report) {
  const isLeak = report.verdict === 'leak';
  if (isLeak && report.suspects.length > 0) return report.suspects[0].summary;
  const { heapBytes, nativeBytes } = report.growth;
  const growth = `heap ${change(heapBytes)}, native ${change(nativeBytes)}`;
  return isLeak
    ? `Something leaks; the report was asked for no suspect: ${growth}.`
    : `Nothing that grows looks like a leak: ${growth}.`;
}

/**
 * Parts a sentence from the name it begins with in backticks, so that a format can set the name as
 * code.
 *
 * @param {string} sentence
 * @param {Suspect | undefined} suspect The suspect it is about.
 * @returns {{ name: string | null, rest: string }}
 */
function splitName(sentence, suspect) {
  const quoted = `\`${suspect?.name}\``;
  if (!suspect || !sentence.startsWith(quoted)) return { name: null, rest: sentence };
  return { name: suspect.name, rest: sentence.slice(quoted.length) };
}

/** @param {LeakReport} report */
function growth(report) {
  const { nodes, edges, heapBytes, nativeBytes } = report.growth;
  return [
    `heap ${change(heapBytes)}`,
    `native ${change(nativeBytes)}`,
    `${signed(count(nodes))} nodes`,
    `${signed(count(edges))} edges`,
  ].join(', ');
}

/** @param {LeakReport} report */
function matching(report) {
  return report.matchingReason ? `${report.matching}: ${report.matchingReason}` : report.matching;
}

/** @param {SnapshotStats} stats */
function snapshot(stats) {
  const parts = [bytes(stats.heapBytes), `${count(stats.nodeCount)} nodes`];
  if (stats.takenAt) parts.push(stats.takenAt);
  return parts.join(', ');
}

/** @param {Suspect} suspect */
function items(suspect) {
  const { items } = suspect.growth;
  if (!items) return null;
  return `${count(items.before)} → ${count(items.after)} ${itemNoun(suspect)}`;
}

/** @param {Suspect} suspect */
function itemNoun(suspect) {
  return ITEM_NOUNS[suspect.kind] ?? 'items';
}

/** @param {Suspect} suspect */
function alike(suspect) {
  return suspect.alike ? `and ${count(suspect.alike)} more like it` : null;
}

/** @param {Suspect} suspect */
function perWork(suspect) {
  const { perWork } = suspect.growth;
  if (!perWork) return null;
  const parts = [signed(bytes(Math.round(perWork.bytes)))];
  if (perWork.items) parts.push(`${signed(count(perWork.items))} ${itemNoun(suspect)}`);
  return `${parts.join(' and ')} per unit of work`;
}

/** @param {Suspect} suspect */
function confidence(suspect) {
  return `${Math.round(suspect.confidence * 100)} % sure`;
}

/** @param {Suspect} suspect */
function place(suspect) {
  const { source } = suspect;
  return source ? position(source) : null;
}

/**
 * What a source map beside the file says of the same place.
 *
 * @param {Suspect} suspect
 * @returns {string | null}
 */
function originalPlace(suspect) {
  const original = suspect.source?.original;
  return original ? position(original) : null;
}

/**
 * @param {{ url: string, line: number | null, column: number | null, functionName?: string | null }} source
 */
function position({ url, line, column, functionName }) {
  const at = [url, line, column].filter((part) => part != null && part !== '').join(':');
  return functionName ? `${at} in ${functionName}` : at;
}

/**
 * @param {Suspect['path'][number]} step
 * @returns {string} How JavaScript would spell the way: `.name`, `[3]`, `name` for a variable.
 */
function edge(step) {
  // What V8 calls the way to a call that waits says nothing.
  const isCall = step.edgeType === 'internal' && step.className.startsWith('call of ');
  if (step.edge === '' || isCall) return '';
  switch (step.edgeType) {
    case 'element':
      return `[${step.edge}]`;
    case 'property':
      if (/^#?[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(step.edge)) return `.${step.edge}`;
      return /^(Symbol\(|<symbol)/.test(step.edge)
        ? `[${step.edge}]`
        : `[${JSON.stringify(step.edge)}]`;
    case 'context':
      return `variable ${step.edge}`;
    default:
      return `(${step.edge})`;
  }
}

/** @param {Suspect} suspect */
function holds(suspect) {
  return suspect.holds.map(
    (held) => `${signed(count(held.count))} ${held.className} (${bytes(held.bytes)})`,
  );
}

/**
 * @param {LeakReport} report
 * @returns {string | null}
 */
function ignored(report) {
  if (!(report.ignored > 0)) return null;
  return `${count(report.ignored)} ${report.ignored === 1 ? 'suspect' : 'suspects'} ignored`;
}

/** @param {number} delta */
function change(delta) {
  return signed(bytes(delta));
}

module.exports = {
  alike,
  change,
  confidence,
  edge,
  growth,
  headline,
  holds,
  ignored,
  items,
  matching,
  originalPlace,
  perWork,
  place,
  snapshot,
  splitName,
};
