'use strict';

const fs = require('node:fs');

/**
 * Writes a text to a file: whole, or not at all, so that nobody ever opens half a page. What is no
 * regular file, as a pipe or `/dev/stdout`, is written to as it is; so is the file that stdout goes to,
 * which may hold more already.
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
  if (there && isStdout(there)) {
    fs.writeFileSync(process.stdout.fd, text);
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
    throw named(/** @type {NodeJS.ErrnoException} */ (error), partial, target);
  }
}

/**
 * @param {NodeJS.ErrnoException} error
 * @param {string} partial
 * @param {string} target What the user calls it.
 */
function named(error, partial, target) {
  error.message = error.message.replace(partial, target);
  return error;
}

/** @param {fs.Stats} there */
function isStdout({ dev, ino }) {
  try {
    const stdout = fs.fstatSync(process.stdout.fd);
    return stdout.dev === dev && stdout.ino === ino;
  } catch {
    return false; // It is closed.
  }
}

module.exports = { writeWholeFile };
