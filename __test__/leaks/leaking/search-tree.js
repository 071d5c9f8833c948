'use strict';
/**
 * A binary search tree with random keys: the growth is spread over all of it.
 *
 * @leak name=index|root class=SearchTree|TreeNode kind=other|instances|list|object
 */
// `index` is the variable with the tree, `root` the property with its nodes. No kind in the list is
// a tree.
const { snapshot } = require('../harness');

class TreeNode {
  constructor(key, value) {
    this.key = key;
    this.value = value;
    this.left = null;
    this.right = null;
  }
}

class SearchTree {
  root = null;

  insert(key, value) {
    const node = new TreeNode(key, value);
    if (!this.root) {
      this.root = node;
      return;
    }
    let at = this.root;
    while (true) {
      const side = key < at.key ? 'left' : 'right';
      if (!at[side]) {
        at[side] = node;
        return;
      }
      at = at[side];
    }
  }
}

const index = new SearchTree();
// A linear congruential generator: the same tree in every run.
let seed = 42;
const random = () => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648);

async function main() {
  for (let i = 0; i < 200; i++) index.insert(random(), { i });
  await snapshot('baseline');
  for (let i = 0; i < 8_000; i++) index.insert(random(), { i, text: `document ${i}` });
  await snapshot('current');
}
main();
