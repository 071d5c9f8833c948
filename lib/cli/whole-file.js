'use strict';

const fs = require('node:fs');

/**
 * Writes a text to a file: whole, or not at all, so that nobody ever opens half a page. What is no
 * regular file, as a pipe or `/dev/stdout`, is written to as it is.
 *
 * @param {string} path
 * @param {string} text
 */
function writeWholeFile(path, text) {
  const there = fs.statSync(path, { throwIfNoEntry: false });
  if (there && !there.isFile()) {
    fs.writeFileSync(path, text);
    return;
  }
  // A link goes on pointing to the file that it points to.
  const target = there ? fs.realpathSync(path) : path;
  const partial = `${target}.${process.pid}.partial`;
  try {
    fs.writeFileSync(partial, text, { flag: 'wx', mode: there?.mode });
    fs.renameSync(partial, target);
  } catch (error) {
    fs.rmSync(partial, { force: true });
    throw error;
  }
}

module.exports = { writeWholeFile };
