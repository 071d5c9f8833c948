'use strict';
/**
 * The memory of a WebAssembly module grows: every growth makes a new ArrayBuffer, outside of V8's
 * heap.
 *
 * @leak name=memory|buffer class=Memory|WebAssembly.Memory|ArrayBuffer kind=buffers
 */
// `memory` is the variable, `buffer` the accessor through which it is used.
const { snapshot } = require('../harness');

const memory = new WebAssembly.Memory({ initial: 4, maximum: 2_000 });

function allocate(pages) {
  const before = memory.buffer.byteLength;
  memory.grow(pages);
  new Uint8Array(memory.buffer).fill(1, before);
  return before;
}

async function main() {
  allocate(4);
  await snapshot('baseline');
  for (let i = 0; i < 50; i++) allocate(4);
  await snapshot('current');
}
main();
