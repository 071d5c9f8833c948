'use strict';

/** Shorter work needs no bar. */
const PATIENCE_MS = 1000;
const WIDTH = 30;
const CLEAR_LINE = '\r\u001b[K';

/**
 * Draws the progress of a piece of work on stderr, if that is a terminal and the work takes longer
 * than a second.
 *
 * @template T
 * @param {(onProgress: ((progress: import('../job').Progress) => void) | undefined) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withProgressBar(work) {
  if (!process.stderr.isTTY) return work(undefined);
  const startedAt = performance.now();
  let drawn = '';
  try {
    return await work((progress) => {
      if (performance.now() - startedAt < PATIENCE_MS) return;
      const line = render(progress);
      if (line !== drawn) process.stderr.write(`${CLEAR_LINE}${line}`);
      drawn = line;
    });
  } finally {
    if (drawn !== '') process.stderr.write(CLEAR_LINE);
  }
}

/**
 * @param {import('../job').Progress} progress
 * @returns {string}
 */
function render({ phase, bytes, percent }) {
  const label = phase.padEnd('capture'.length);
  if (percent === undefined) return `${label} ${Math.round(bytes / 1e6)} MB`;
  const full = Math.round((percent / 100) * WIDTH);
  const bar = '#'.repeat(full).padEnd(WIDTH, '.');
  return `${label} [${bar}] ${Math.floor(percent)} %`;
}

module.exports = { withProgressBar };
