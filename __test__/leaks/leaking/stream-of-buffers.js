'use strict';
/**
 * A stream that nobody reads: few chunks, and much memory outside of V8's heap.
 *
 * @leak name=feed class=Readable kind=array
 */
const { Readable } = require('node:stream');
const { snapshot } = require('../harness');

const feed = new Readable({ read() {} });

function push(count) {
  for (let i = 0; i < count; i++) feed.push(Buffer.alloc(64 << 10, i));
}

async function main() {
  push(20);
  await snapshot('baseline');
  push(400);
  await snapshot('current');
  push(1);
}
main();
