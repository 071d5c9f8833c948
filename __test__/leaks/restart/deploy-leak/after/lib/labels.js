'use strict';

const PREFIXES = Object.freeze(['A', 'B', 'C']);
const made = { count: 0 };

exports.format = function format(number) {
  made.count++;
  return `${PREFIXES[number % PREFIXES.length]}-${String(number).padStart(8, '0')}`;
};
