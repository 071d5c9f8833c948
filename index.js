'use strict';

// The API of heapdiff. Documented in index.d.ts. Nothing happens at import: the native part is
// loaded by the first call that needs it.

const { diffSnapshots, diffTrend } = require('./lib/diff');
const { estimateCapture } = require('./lib/estimate');
const { formatReport } = require('./lib/format');
const { openSnapshot } = require('./lib/snapshot');
const { snapshotStream } = require('./lib/stream');
const { writeSnapshot } = require('./lib/write-snapshot');

module.exports = {
  diffSnapshots,
  diffTrend,
  estimateCapture,
  formatReport,
  openSnapshot,
  snapshotStream,
  writeSnapshot,
};
