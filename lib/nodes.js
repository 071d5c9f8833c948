'use strict';

const { toInput } = require('./input');
const { Watch } = require('./job');
const { native } = require('./native');
const { checkSource } = require('./validate');

/**
 * Writes a row per node to standard output, in file order, tab-separated: id, raw type number, self
 * size after ownership transfer, retained size, distance, ordinal of the immediate dominator,
 * detachedness. Reading, analysis and writing run on native threads.
 *
 * @param {string} file
 * @param {import('./job').JobOptions} options
 * @returns {Promise<void>}
 * @throws {Error} The codes of `openSnapshot`, or the errno code of a failed write, with
 *   `err.path === 'stdout'`.
 */
async function writeNodes(file, options) {
  const watch = new Watch(options);
  const input = await toInput(checkSource(file, 'FILE'), watch);
  await watch.run((job) => native().writeNodes(job, input));
}

module.exports = { writeNodes };
