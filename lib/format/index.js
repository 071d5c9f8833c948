'use strict';

/**
 * @typedef {import('../../index').LeakReport} LeakReport
 */

const { checkChoice, invalidArgument } = require('../validate');
const { visibleJson } = require('./escape');
const { formatHtml } = require('./html');
const { formatMarkdown } = require('./markdown');
const { formatText } = require('./text');

/** @type {Readonly<Record<string, (report: LeakReport) => string>>} */
const FORMATS = Object.freeze({
  text: formatText,
  markdown: formatMarkdown,
  html: formatHtml,
  json: (report) => visibleJson(JSON.stringify(report, null, 2)),
});

/** The version of a report's fields that is understood here. */
const SCHEMA_VERSION = 1;
/** What has to be there in a report of that version, and be a list. */
const LISTS = Object.freeze(['suspects', 'classes', 'warnings']);
/** What has to be there, and be an object. */
const OBJECTS = Object.freeze(['tool', 'baseline', 'current', 'growth']);

/**
 * Renders a report. Pure: the same report gives the same text, nothing is read or written.
 *
 * @param {LeakReport} report What `diffSnapshots` or `diffTrend` answered, or the same after a way
 *   through JSON.
 * @param {'text' | 'markdown' | 'json' | 'html'} [format] Default `text`: at most 40 lines of 100
 *   columns, for logs.
 * @returns {string} The rendered report. Characters in names from the heap that a terminal or a
 *   browser would obey are written out, in every format.
 * @throws {TypeError | RangeError} `ERR_INVALID_ARG` when `report` is no report or `format` is none
 *   of these.
 */
function formatReport(report, format) {
  const isReport =
    isObject(report) &&
    LISTS.every((name) => Array.isArray(report[name])) &&
    OBJECTS.every((name) => isObject(report[name]));
  if (!isReport) throw invalidArgument('report', 'a LeakReport', report);
  if (report.schemaVersion !== SCHEMA_VERSION) {
    throw invalidArgument('report.schemaVersion', `${SCHEMA_VERSION}`, report.schemaVersion);
  }
  const render = FORMATS[checkChoice(format, 'format', Object.keys(FORMATS)) ?? 'text'];
  try {
    return render(report);
  } catch (cause) {
    // Something below that is not what its type says: the report was damaged on its way.
    const error = invalidArgument('report', 'a LeakReport', report);
    throw Object.assign(error, { cause });
  }
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null;
}

module.exports = { formatReport };
