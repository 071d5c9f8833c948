'use strict';

// A process that takes a baseline, leaks, and takes another snapshot.
// Arguments: where the two go.

const v8 = require('node:v8');

const [baseline, current] = process.argv.slice(2);

class Session {
  constructor(number) {
    this.number = number;
    this.notes = [`note ${number}`];
  }
}

const sessions = new Map();

/** @param {number} count */
function serve(count) {
  for (let i = 0; i < count; i++) sessions.set(`session-${sessions.size}`, new Session(i));
}

exports.serve = serve;

serve(100);
v8.writeHeapSnapshot(baseline);
serve(20_000);
v8.writeHeapSnapshot(current);
