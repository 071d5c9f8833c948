'use strict';
/**
 * A treap as an index of what is current: entries come and go, and it is balanced anew all the time, so that its root and all
 * of its branches change.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

class Entry {
  constructor(key, priority) {
    this.key = key;
    this.priority = priority;
    this.value = { key, tags: ['a', 'b'] };
    this.left = null;
    this.right = null;
  }
}

let root = null;
let seed = 7;
function random() {
  seed = (seed * 1103515245 + 12345) % 2147483648;
  return seed;
}

function split(node, key) {
  if (node === null) return [null, null];
  if (node.key < key) {
    const [left, right] = split(node.right, key);
    node.right = left;
    return [node, right];
  }
  const [left, right] = split(node.left, key);
  node.left = right;
  return [left, node];
}

function merge(left, right) {
  if (left === null || right === null) return left ?? right;
  if (left.priority > right.priority) {
    left.right = merge(left.right, right);
    return left;
  }
  right.left = merge(left, right.left);
  return right;
}

function insert(key) {
  const [left, right] = split(root, key);
  root = merge(merge(left, new Entry(key, random())), right);
}

function remove(key) {
  const [left, rest] = split(root, key);
  const [, right] = split(rest, key + 1);
  root = merge(left, right);
}

async function main() {
  const keys = [];
  const turn = () => {
    const key = random();
    keys.push(key);
    insert(key);
    if (keys.length > 4000) remove(keys.shift());
  };
  for (let i = 0; i < 6000; i++) turn();
  await snapshot('baseline');
  for (let i = 0; i < 9000; i++) turn();
  await snapshot('current');
}
main();
