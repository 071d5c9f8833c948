'use strict';

const levels = new Map();

module.exports = levels;

module.exports.of = (logger) => {
  if (!levels.has(logger)) levels.set(logger, { logger, level: 'info' });
  return levels.get(logger).level;
};
