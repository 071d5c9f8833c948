'use strict';
/**
 * Uploaded parts are kept as Buffers: the bytes are outside of V8's heap.
 *
 * @leak name=parts class=Array kind=array|buffers
 */
// An array of Buffers.
const { snapshot } = require('../harness');

const parts = [];

function receive(part) {
  parts.push(Buffer.alloc(64 * 1024, part));
}

async function main() {
  for (let i = 0; i < 5; i++) receive(i);
  await snapshot('baseline');
  for (let i = 0; i < 200; i++) receive(i);
  await snapshot('current');
}
main();
