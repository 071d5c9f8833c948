'use strict';

const { record, percentile } = require('./recorder');

/** Express-style middleware that times requests. */
function requestStats() {
  return function timeRequest(req, res, next) {
    const startedAt = performance.now();
    res.on('finish', () => record(req.url, startedAt));
    next();
  };
}

module.exports = { requestStats, percentile };
