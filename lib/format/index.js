'use strict';

/**
 * @typedef {import('../../index').LeakReport} LeakReport
 */

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

/**
 * Renders a report. Pure: the same report gives the same text, nothing is read or written.
 *
 * @param {LeakReport} report What `diffSnapshots` or `diffTrend` answered, or the same after a way
 *   through JSON.
 * @param {'text' | 'markdown' | 'json' | 'html'} [format] Default `text`: at most 40 lines of 100
 *   columns, for logs.
 * @returns {string} The rendered report. Characters in names from the heap that a terminal or a
 *   browser would obey are written out, in every format.
 * @throws {TypeError} `ERR_INVALID_ARG` when `report` is no report or `format` is none of these.
 */
function formatReport(report, format = 'text') {
  if (report === null || typeof report !== 'object' || !Array.isArray(report.suspects)) {
    throw invalid('report must be a LeakReport');
  }
  if (!Object.hasOwn(FORMATS, format)) {
    throw invalid(`format must be one of ${Object.keys(FORMATS).join(', ')}`);
  }
  return FORMATS[format](report);
}

/** @param {string} message */
function invalid(message) {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG' });
}

module.exports = { formatReport };
