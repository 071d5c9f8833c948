'use strict';
/**
 * A prefix index of plain objects: what is a name elsewhere is a letter here.
 *
 * @leak name=root|index class=Object|PrefixIndex kind=object|other|list
 */
const { snapshot } = require('../harness');

class PrefixIndex {
  root = {};
  add(word) {
    let node = this.root;
    for (const c of word) node = node[c] ??= {};
    node.$ = true;
  }
}
const index = new PrefixIndex();
async function main() {
  for (let i = 0; i < 30; i++) index.add(`customer-${(i * 7919) % 100003}`);
  await snapshot('baseline');
  for (let i = 0; i < 3000; i++) index.add(`customer-${(i * 7919) % 100003}`);
  await snapshot('current');
}
main();
