'use strict';

const { toInput } = require('./input');
const { Watch } = require('./job');
const { nativeCapture } = require('./native');
const { checkPath, checkSource, toTarget } = require('./validate');

/**
 * Makes the digest of a snapshot file. Everything runs on a native thread.
 *
 * @param {string} file
 * @param {string} output Replaced if it is there.
 * @param {import('./job').JobOptions} [options]
 * @returns {Promise<import('./native-binding').WrittenFile>}
 */
async function writeDigest(file, output, options = {}) {
  const watch = new Watch(options);
  const input = await toInput(checkSource(file, 'FILE'), watch);
  const target = toTarget(checkPath(output, 'OUT'));
  return watch.run((job) => nativeCapture().writeDigest(job, input, target, false));
}

module.exports = { writeDigest };
