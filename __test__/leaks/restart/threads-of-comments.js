'use strict';
/**
 * Four threads of comments grow deeper, compared with another process: what grows has no place of its
 * own, there are several of its shape.
 *
 * @restart
 * @leak name=threads|replies class=Array kind=array|list
 */
// `threads` is the root of the trees, `replies` the property by which they grow.
const { snapshot } = require('../harness');

const threads = Array.from({ length: 4 }, (_, id) => ({ id, replies: [] }));
let count = 0;

function reply() {
  let node = threads[count % 4];
  for (let k = count; node.replies.length >= 3; k = (k * 7 + 3) >>> 0) node = node.replies[k % 3];
  node.replies.push({ id: count++, text: `reply ${count}`, replies: [] });
}

async function main() {
  for (let i = 0; i < 40; i++) reply();
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) reply();
  await snapshot('current');
}
main();
