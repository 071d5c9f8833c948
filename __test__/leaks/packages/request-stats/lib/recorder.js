'use strict';

/** Every request this process ever answered, for a percentile that nobody asks for. */
const samples = [];

function record(route, startedAt) {
  samples.push({ route, startedAt, durationMs: performance.now() - startedAt });
}

function percentile(share) {
  const sorted = samples.map((sample) => sample.durationMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * share)] ?? 0;
}

module.exports = { record, percentile };
