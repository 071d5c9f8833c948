// Compares two answers and says where they first differ.

import { isDeepStrictEqual } from 'node:util';

const NODE_COLUMNS = [
  'id', 'type', 'self size', 'retained size', 'distance', 'dominator', 'detachedness', 'flags', 'native context', 'class name',
  'display name',
]; // prettier-ignore

/**
 * @typedef {{check: string, difference: string | null, compared?: boolean}} Verdict `difference` is null when both sides agree;
 *   `compared` is false when heapdiff gives no such answer.
 */

const notAnswered = (check) => ({ check, difference: null, compared: false });

/**
 * @param {string} expected TSV, DevTools' answer to `nodes`.
 * @param {string} actual
 * @returns {Verdict[]} One per column, so that a failure says which number is wrong.
 */
export function compareNodes(expected, actual) {
  const verdicts = NODE_COLUMNS.map((column) => ({ check: `node: ${column}`, difference: null }));
  if (expected === actual) return verdicts;
  const wanted = rowsOf(expected);
  const found = rowsOf(actual);
  if (wanted.length !== found.length) {
    const difference = `${wanted.length} rows expected, ${found.length} found`;
    return verdicts.map(({ check }) => ({ check, difference }));
  }
  const wrong = NODE_COLUMNS.map(() => 0);
  wanted.forEach((row, ordinal) => {
    if (row === found[ordinal]) return;
    const theirs = row.split('\t');
    const ours = found[ordinal].split('\t');
    NODE_COLUMNS.forEach((_, at) => {
      if (theirs[at] === ours[at]) return;
      wrong[at] += 1;
      verdicts[at].difference ??=
        `node ${ordinal} (id ${theirs[0]}): ${theirs[at]} expected, ${ours[at]} found`;
    });
  });
  wrong.forEach((count, at) => {
    if (count > 0) verdicts[at].difference += `; ${count} nodes differ`;
  });
  return verdicts;
}

const rowsOf = (text) => text.split('\n');

/**
 * @param {Record<string, any>} expected DevTools' answer to `all`.
 * @param {Record<string, any>} actual May lack keys; those are not compared.
 * @returns {Verdict[]} One per key, and one per named filter.
 */
export function compareAll(expected, actual) {
  const verdicts = [];
  for (const [key, value] of Object.entries(expected)) {
    if (!(key in actual)) {
      verdicts.push(notAnswered(key));
    } else if (key !== 'filters') {
      verdicts.push({ check: key, difference: firstDifference(value, actual[key]) });
    } else {
      for (const [filter, table] of Object.entries(value)) {
        const check = `filter: ${filter}`;
        if (!(filter in actual.filters)) verdicts.push(notAnswered(check));
        else verdicts.push({ check, difference: firstDifference(table, actual.filters[filter]) });
      }
    }
  }
  return verdicts;
}

/**
 * @param {any} expected
 * @param {any} actual
 * @param {string} [where] Path of the value inside the answer.
 * @returns {string | null} Where the two first differ, or null.
 */
export function firstDifference(expected, actual, where = '') {
  if (isDeepStrictEqual(expected, actual)) return null;
  const isObject = (value) => typeof value === 'object' && value !== null;
  if (
    !isObject(expected) ||
    !isObject(actual) ||
    Array.isArray(expected) !== Array.isArray(actual)
  ) {
    return `${where || 'the answer'}: ${brief(expected)} expected, ${brief(actual)} found`;
  }
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const inner = firstDifference(expected[key], actual[key], `${where}[${JSON.stringify(key)}]`);
    if (inner === null) continue;
    // A row is easier to find by what it is about than by its number.
    const about = expected[key]?.classKey ?? expected[key]?.value;
    return about === undefined ? inner : `${inner} (of ${brief(about)})`;
  }
  return `${where}: the same keys in another form`;
}

function brief(value) {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 100 ? `${text.slice(0, 100)}...` : text;
}
