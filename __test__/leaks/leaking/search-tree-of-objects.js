'use strict';
/**
 * An index of plain objects, each with a left and a right branch, that doubles: little is added at each of very many places.
 *
 * @only
 * @leak name=root class=Object kind=list
 */
const { snapshot } = require('../harness');

let root = null; // @here

function insert(key, value) {
  const node = { key, value, left: null, right: null };
  if (root === null) {
    root = node;
    return;
  }
  let at = root;
  for (;;) {
    const side = key < at.key ? 'left' : 'right';
    if (at[side] === null) {
      at[side] = node;
      return;
    }
    at = at[side];
  }
}

let seed = 7;
function random() {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed;
}

async function main() {
  for (let i = 0; i < 2500; i++) insert(random(), { i });
  await snapshot('baseline');
  for (let i = 0; i < 2500; i++) insert(random(), { i });
  await snapshot('current');
}
main();
