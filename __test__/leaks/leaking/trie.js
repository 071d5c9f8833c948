'use strict';
/**
 * A router's trie in which every path of every user becomes a branch.
 *
 * @leak name=routes|children|root class=Trie|TrieNode|Map kind=other|instances|map|object
 */
// `routes` is the trie; every node has its `children`.
const { snapshot } = require('../harness');

class TrieNode {
  children = new Map();
  hits = 0;
}

class Trie {
  root = new TrieNode();

  hit(path) {
    let node = this.root;
    for (const segment of path.split('/')) {
      if (!node.children.has(segment)) node.children.set(segment, new TrieNode());
      node = node.children.get(segment);
    }
    node.hits++;
  }
}

const routes = new Trie();

async function main() {
  for (let i = 0; i < 50; i++) routes.hit(`/shops/${i % 5}/users/${i}/cart`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) routes.hit(`/shops/${i % 5}/users/${1_000 + i}/cart`);
  await snapshot('current');
}
main();
