'use strict';
/**
 * Ring buffers and slot arrays are allocated on first use, filled with null and undefined and -1.
 *
 * @healthy
 */
const { snapshot } = require('../harness');
class Ring {
  slots = null;
  at = 0;
  push(x) {
    this.slots ??= new Array(8192).fill(null);
    this.slots[this.at++ % 8192] = x;
  }
}
const ring = new Ring();
const state = { index: null, holes: null, typed: null };
async function main() {
  await snapshot('baseline');
  for (let i = 0; i < 20; i++) ring.push({ i });
  state.index = new Array(8192).fill(-1);
  state.holes = new Array(8192);
  state.typed = new Uint32Array(8192);
  await snapshot('current');
}
main();
