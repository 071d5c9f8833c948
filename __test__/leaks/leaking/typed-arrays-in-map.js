'use strict';
/**
 * Frames by number, as typed arrays over ArrayBuffers.
 *
 * @leak name=frames class=Map kind=map|buffers
 */
// A map of buffers.
const { snapshot } = require('../harness');

const frames = new Map();

function decode(number) {
  const frame = new Float32Array(16_384);
  frame.fill(number);
  frames.set(number, frame);
}

async function main() {
  for (let i = 0; i < 5; i++) decode(i);
  await snapshot('baseline');
  for (let i = 5; i < 150; i++) decode(i);
  await snapshot('current');
}
main();
