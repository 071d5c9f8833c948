'use strict';

const { checkGzip, checkSalt } = require('./capture-options');
const { toInput } = require('./input');
const { Watch } = require('./job');
const { nativeCapture } = require('./native');
const { checkPath, checkSource, toTarget } = require('./validate');

/**
 * Writes a redacted copy of a snapshot: whole or not at all, like any file of a capture.
 *
 * @param {string} file
 * @param {string} output Compressed if its name ends in `.gz`. May be `file` itself.
 * @param {import('./job').JobOptions & { salt?: string }} options Without a salt, a random one.
 * @returns {Promise<number>} Size of the file in bytes.
 */
async function redactFile(file, output, { salt, ...jobOptions }) {
  checkSalt(salt, 'SALT');
  const watch = new Watch(jobOptions);
  const input = await toInput(checkSource(file, 'FILE'), watch);
  const target = toTarget(checkPath(output, 'OUT'));
  const gzipLevel = checkGzip(undefined, output.endsWith('.gz'));
  return watch.run((job) =>
    nativeCapture().redactFile(job, input, target, { gzipLevel, redact: true, salt }),
  );
}

module.exports = { redactFile };
