'use strict';
/**
 * 300 MB of Buffers pass through a window of eight.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const window = [];

function receive(i) {
  window.push(Buffer.alloc(256 * 1024, i));
  if (window.length > 8) window.shift();
}

async function main() {
  for (let i = 0; i < 20; i++) receive(i);
  await snapshot('baseline');
  for (let i = 0; i < 1_200; i++) receive(i);
  await snapshot('current');
}
main();
