'use strict';

const path = require('node:path');
const { toInput } = require('./input');
const { Watch } = require('./job');
const { native } = require('./native');
const { checkJobOptions, checkOptions } = require('./validate');

/**
 * Makes the digest of a snapshot file. Everything runs on a native thread.
 *
 * @param {string} file
 * @param {string} output
 * @param {import('../index').JobOptions} [options]
 */
async function writeDigest(file, output, options) {
  const watch = new Watch(checkJobOptions(checkOptions(options)));
  const input = await toInput(file, watch);
  return watch.run((job) => native().writeDigest(job, input, path.resolve(output), false));
}

module.exports = { writeDigest };
