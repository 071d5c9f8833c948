'use strict';

/**
 * Numbers as the report shows them: decimal units as Chrome DevTools uses them (1 kB = 1000 B),
 * thousands parted by commas whatever the locale of the machine.
 */

const UNITS = Object.freeze(['B', 'kB', 'MB', 'GB', 'TB']);

/**
 * @param {number} bytes May be negative.
 * @returns {string} `0 B`, `1.6 MB`, `-12 kB`.
 */
function bytes(bytes) {
  let size = Math.abs(bytes);
  let unit = 0;
  // 999.5 and more would be printed as 1000 of the smaller unit.
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && size < 9.95 ? 1 : 0;
  return `${bytes < 0 ? '-' : ''}${size.toFixed(digits)} ${UNITS[unit]}`;
}

/**
 * @param {number} value A whole number, or one that is shown with two decimals.
 * @returns {string} `210,000`, `0.25`.
 */
function count(value) {
  const whole = Number.isInteger(value) ? String(value) : trimZeros(value.toFixed(2));
  const [left, right] = whole.split('.');
  const grouped = left.replace(/\B(?=(\d{3})+$)/g, ',');
  return right === undefined ? grouped : `${grouped}.${right}`;
}

/**
 * @param {string} shown What {@link bytes} or {@link count} gave.
 * @returns {string} The same with a plus sign, unless it is negative.
 */
function signed(shown) {
  return shown.startsWith('-') ? shown : `+${shown}`;
}

/** @param {string} decimal */
function trimZeros(decimal) {
  return decimal.replace(/\.?0+$/, '');
}

module.exports = { bytes, count, signed };
