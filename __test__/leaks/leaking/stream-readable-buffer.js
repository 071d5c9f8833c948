'use strict';
/**
 * An object stream is pushed into, whatever `push` answers, and nobody reads.
 *
 * @leak name=auditStream|buffer|_readableState.buffer class=Readable|BufferList|Array|ReadableState kind=array|list|other
 */
// The variable is what the developer named; Node keeps the chunks in `_readableState.buffer`, a
// linked BufferList in Node 20 and an array later.
const { Readable } = require('node:stream');
const { snapshot } = require('../harness');

const auditStream = new Readable({ objectMode: true, read() {} });

function audit(entry) {
  auditStream.push({ ...entry, at: Date.now() });
}

async function main() {
  for (let i = 0; i < 20; i++) audit({ id: i });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) audit({ id: i, action: `action ${i}` });
  await snapshot('current');
}
main();
