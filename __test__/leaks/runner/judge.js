'use strict';

/**
 * Holds a report against what a scenario expects.
 *
 * @typedef {import('../../..').LeakReport} LeakReport
 * @typedef {import('../../..').Suspect} Suspect
 * @typedef {import('./scenarios').Scenario} Scenario
 * @typedef {import('./scenarios').Expected} Expected
 */

const fs = require('node:fs');
const path = require('node:path');
const { fileURLToPath } = require('node:url');

/**
 * @param {Scenario} scenario
 * @param {LeakReport} report
 * @returns {string[]} What is wrong with it; empty if nothing is.
 */
function judge(scenario, report) {
  const verdict = scenario.suspects.length > 0 ? 'leak' : 'no-leak';
  const wrong = [];
  if (report.verdict !== verdict) wrong.push(`verdict is ${report.verdict}`);
  if (verdict === 'no-leak') {
    wrong.push(...report.suspects.map((suspect) => `cries wolf: ${describe(suspect)}`));
    return wrong;
  }
  const structural = scenario.between !== 'none';
  if (structural && report.matching !== 'structural') wrong.push(`matched by ${report.matching}`);
  scenario.suspects.forEach((expected, rank) => {
    const suspect = report.suspects[rank];
    if (!suspect) wrong.push(`no suspect at rank ${rank + 1}`);
    else wrong.push(...compare(expected, suspect).map((what) => `rank ${rank + 1}: ${what}`));
  });
  const others = report.suspects.slice(scenario.suspects.length);
  if (scenario.only) wrong.push(...others.map((suspect) => `also says: ${describe(suspect)}`));
  return wrong;
}

/**
 * @param {Expected} expected
 * @param {Suspect} suspect
 */
function compare(expected, suspect) {
  const wrong = [];
  /** @param {string} what @param {string | undefined} wanted @param {string} got */
  const check = (what, wanted, got) => {
    if (wanted !== undefined && !matches(wanted, got)) wrong.push(`${what} ${got}, not ${wanted}`);
  };
  const { items } = suspect.growth;
  check('name', expected.name, suspect.name);
  check('class', expected.class, suspect.className);
  check('kind', expected.kind, suspect.kind);
  const folders = expected.file.startsWith('/') ? 0 : (expected.file.match(/\//g) ?? []).length;
  check('file', expected.file, fileOf(suspect.source?.url, folders + 1));
  check('original file', expected.original, fileOf(suspect.source?.original?.url));
  check('items', expected.items, items ? `${items.before}:${items.after}` : 'unknown');
  const { via } = expected;
  if (via && !suspect.path.some(({ edge }) => edge === via)) wrong.push(`path is not via ${via}`);
  if (suspect.growth.retainedBytes <= 0)
    wrong.push(`grew by ${suspect.growth.retainedBytes} bytes`);
  if (wrong.length === 0) wrong.push(...checkLine(suspect));
  return wrong;
}

/** @param {Suspect} suspect */
function checkLine({ source }) {
  const place = source?.original ?? source;
  if (!place) return [];
  const lines = markedLines(toPath(place.url), source?.url ?? '');
  if (lines.length === 0 || lines.includes(place.line ?? 0)) return [];
  return [`line ${place.line}, not ${lines.join(' or ')}`];
}

/**
 * Lines marked by an `@here` comment behind them or, alone, below them; 1-based.
 *
 * @param {string} file
 * @param {string} generated File a relative original is relative to.
 */
function markedLines(file, generated) {
  const resolved = path.resolve(path.dirname(toPath(generated)), file);
  if (!fs.existsSync(resolved)) return [];
  const lines = fs.readFileSync(resolved, 'utf8').split('\n');
  return lines.flatMap((line, i) =>
    line.includes('@here') ? [/^\s*\/\//.test(line) ? i : i + 1] : [],
  );
}

/**
 * @param {string} wanted Alternatives, parted by bars; or a pattern.
 * @param {string} got
 */
function matches(wanted, got) {
  if (wanted === '*') return true;
  const pattern = /^\/(.*)\/(\w*)$/.exec(wanted);
  return pattern ? new RegExp(pattern[1], pattern[2]).test(got) : wanted.split('|').includes(got);
}

/**
 * @param {string | undefined} url
 * @param {number} [parts] How many parts of the path, counted from its end.
 */
function fileOf(url, parts = 1) {
  return url === undefined ? 'none' : toPath(url).split(path.sep).slice(-parts).join('/');
}

/** @param {string} url */
function toPath(url) {
  return url.startsWith('file://') ? fileURLToPath(url) : url;
}

/** @param {Suspect | undefined} suspect */
function describe(suspect) {
  if (!suspect) return '-';
  const { name, className, kind, source, growth } = suspect;
  const line = source?.line ? `:${source.line}` : '';
  const items = growth.items ? ` ${growth.items.before}→${growth.items.after}` : '';
  return `${name} | ${className} | ${kind} | ${fileOf(source?.url)}${line} | ${growth.retainedBytes} B${items}`;
}

module.exports = { describe, judge };
