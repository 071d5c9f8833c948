'use strict';

// The ids by which V8 tells nodes of one snapshot from those of another. It keeps a table of them
// between snapshots, some 60 bytes for each object that a snapshot has ever seen.

const { threadId } = require('node:worker_threads');
const { native } = require('./native');

/** How often the ids of this thread's isolate have been forgotten. */
let forgotten = 0;

/**
 * On the heap for as long as this module is, and so in every snapshot: by it, two are known to be of one isolate where
 * their ids tell nothing, as those of two forks. The property is looked for by its name; redaction leaves the text.
 */
const mark = { heapdiffIsolate: '' };

/** @returns {string} The same for all snapshots whose ids can be compared. */
function currentIsolateId() {
  const id = native().isolateId(threadId);
  // V8 would keep what is put together as its parts, of which a snapshot shows no text.
  mark.heapdiffIsolate ||= Buffer.from(`heapdiff isolate ${id}`).toString('latin1');
  return forgotten === 0 ? id : `${id}-ids-${forgotten}`;
}

/**
 * Lets V8 drop its table: what a debugger does when it is done with heap snapshots. The next
 * snapshot begins with new ids.
 *
 * @returns {boolean} Whether it could: a Node.js without an inspector cannot.
 */
function forgetIds() {
  try {
    const { Session } = require('node:inspector');
    const session = new Session();
    session.connect();
    session.post('HeapProfiler.enable');
    session.post('HeapProfiler.disable');
    session.disconnect();
  } catch {
    return false;
  }
  forgotten += 1;
  return true;
}

module.exports = { currentIsolateId, forgetIds };
