'use strict';

const { visible } = require('../format/escape');

/** A cell longer than this is cut: values of strings can have megabytes. */
const MAX_CELL = 120;

/**
 * Lays out rows in columns. Numbers are aligned to the right.
 *
 * @param {string[]} head
 * @param {Array<Array<string | { text: string }>>} rows Numbers as strings; text from the heap as
 *   `{ text }`, which is escaped.
 * @returns {string} Lines, each ended by a newline.
 */
function table(head, rows) {
  const cells = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? cell : cut(cell))));
  const widths = head.map((title, column) =>
    cells.reduce((width, row) => Math.max(width, row[column].length), title.length),
  );
  const isText = head.map((_, column) => typeof rows[0]?.[column] === 'object');
  return [head, ...cells]
    .map((row) =>
      row
        .map((cell, at) => (isText[at] ? cell.padEnd(widths[at]) : cell.padStart(widths[at])))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** @param {{ text: string }} cell */
function cut({ text }) {
  const shown = visible(text.length > MAX_CELL ? text.slice(0, MAX_CELL) : text);
  return shown.length > MAX_CELL || text.length > MAX_CELL ? `${shown.slice(0, MAX_CELL)}…` : shown;
}

module.exports = { table };
