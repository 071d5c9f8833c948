'use strict';
/**
 * Every request pipes a stream into one audit log, which outlives it: `pipe()` adds listeners of
 * several events to the log, and they are one leak.
 *
 * @leak name=/auditLog|_events/ class=Writable|Array kind=listeners
 * @only
 */
const { PassThrough, Writable } = require('node:stream');
const { snapshot } = require('../harness');

const auditLog = new Writable({ write: (chunk, encoding, done) => done() });
auditLog.setMaxListeners(0);

function handle(request) {
  const lines = new PassThrough();
  lines.pipe(auditLog, { end: false });
  lines.write(`handled ${request}`);
}

async function main() {
  for (let i = 0; i < 50; i++) handle(i);
  await snapshot('baseline');
  for (let i = 0; i < 1_000; i++) handle(i);
  await snapshot('current');
}
main();
