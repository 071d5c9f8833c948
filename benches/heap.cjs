'use strict';

/**
 * Writes a pair of snapshots of a heap of a given size: sessions of a service, with what hangs on them. Between the two, a
 * twentieth of the sessions goes, a tenth comes, and an array that nobody clears grows: `auditTrail`.
 *
 *     node heap.cjs BASE CURRENT SESSIONS
 *
 * 400,000 sessions make about 200 MB per file.
 */

const v8 = require('node:v8');

const [basePath, currentPath, count] = process.argv.slice(2);
const sessions = Number(count);

class Session {
  constructor(number) {
    this.number = number;
    this.roles = [`role${number % 1000}`, { level: number + 0.5 }];
    this.previous = null;
  }
}
const live = new Set();
const byToken = new Map();
const auditTrail = [];
globalThis.service = { live, byToken };

let last = null;
function open(number) {
  const session = new Session(number);
  live.add(session);
  if (number % 7 === 0) {
    session.previous = last;
    last = session;
  }
  if (number % 5 === 0) byToken.set(`token${number}`, session);
}
globalThis.service.audit = (entry) => auditTrail.push(entry);

for (let i = 0; i < sessions; i += 1) open(i);
v8.writeHeapSnapshot(basePath);

const closing = Math.floor(sessions / 20);
for (const session of live) {
  if (session.number >= closing) break;
  live.delete(session);
  byToken.delete(`token${session.number}`);
}
for (let i = sessions; i < sessions + sessions / 10; i += 1) open(i);
for (let i = 0; i < sessions / 20; i += 1) {
  globalThis.service.audit({ at: i, what: `entry ${i}` });
}
v8.writeHeapSnapshot(currentPath);
