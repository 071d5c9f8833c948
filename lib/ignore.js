'use strict';

const { types } = require('node:util');
const { invalidArgument } = require('./validate');

/** @typedef {import('../index').LeakReport} LeakReport */
/** @typedef {import('../index').Suspect} Suspect */

/**
 * @param {unknown} value
 * @returns {Array<string | RegExp>}
 */
function checkIgnore(value) {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalidArgument('options.ignore', 'an array', value);
  for (const [at, pattern] of value.entries()) {
    if (pattern === '' || (typeof pattern !== 'string' && !types.isRegExp(pattern))) {
      throw invalidArgument(`options.ignore[${at}]`, 'a RegExp or a non-empty string', pattern);
    }
  }
  return value;
}

/**
 * Drops the suspects that match a pattern, and keeps the first `limit` of the others.
 *
 * @param {LeakReport} report Changed in place.
 * @param {Array<string | RegExp>} patterns
 * @param {number} limit
 */
function applyIgnore(report, patterns, limit) {
  if (patterns.length > 0) {
    const kept = report.suspects.filter(
      (suspect) => !patterns.some((pattern) => matches(suspect, pattern)),
    );
    report.ignored = report.suspects.length - kept.length;
    report.suspects = kept;
    if (kept.length === 0) report.verdict = 'no-leak';
  }
  report.suspects.length = Math.min(report.suspects.length, limit);
}

/**
 * A string has to be the fingerprint, class or name as a whole, or the file or the end of its path;
 * a RegExp may match anywhere in one of them.
 *
 * @param {Suspect} suspect
 * @param {string | RegExp} pattern
 * @returns {boolean}
 */
function matches({ fingerprint, className, name, source }, pattern) {
  const url = source?.url ?? '';
  if (typeof pattern === 'string') {
    return (
      [fingerprint, className, name, url].includes(pattern) ||
      url.endsWith(`/${pattern}`) ||
      url.endsWith(`\\${pattern}`)
    );
  }
  // A copy without the flags that make a RegExp remember where it was.
  const stateless = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
  return [fingerprint, className, name, url].some((text) => stateless.test(text));
}

module.exports = { applyIgnore, checkIgnore };
