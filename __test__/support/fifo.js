'use strict';

const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

/**
 * A snapshot that comes as slowly as a test wants it to: through a named pipe.
 *
 * @param {string} directory
 * @param {string} snapshot The file whose bytes come out.
 * @returns {{ path: string, feed: (share: number) => Promise<void>, close: () => void }}
 */
function slowSnapshot(directory, snapshot) {
  const fifo = path.join(directory, `slow-${process.hrtime.bigint()}`);
  execFileSync('mkfifo', [fifo]);
  const bytes = fs.readFileSync(snapshot);
  // Opened for both, so that opening does not wait for a reader. Not blocking, so that writing
  // does not hold up the event loop of the test.
  const fd = fs.openSync(fifo, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  let [written, isClosed] = [0, false];
  return {
    path: fifo,
    async feed(share) {
      const end = Math.floor(bytes.length * share);
      while (written < end && !isClosed) {
        try {
          written += fs.writeSync(fd, bytes, written, Math.min(end - written, 65_536));
        } catch (error) {
          if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EAGAIN') throw error;
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    close() {
      isClosed = true;
      fs.closeSync(fd);
    },
  };
}

/**
 * @returns {string[]} The names of this process's native threads that belong to a job: not those of
 *   the pool, which stay.
 */
function jobThreads() {
  return fs
    .readdirSync('/proc/self/task')
    .map((id) => {
      try {
        return fs.readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim();
      } catch {
        return '';
      }
    })
    .filter((name) => /^heapdiff-(?!pool)/.test(name));
}

module.exports = { jobThreads, slowSnapshot };
