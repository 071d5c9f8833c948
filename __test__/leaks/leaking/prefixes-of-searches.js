'use strict';
/**
 * Prefixes of what users searched for, in a tree whose nodes have a Map each. Most of it grows in Maps that
 * were there, and some in branches that are new: that is one leak.
 *
 * @leak name=children|root|prefixes class=Map|Prefix kind=map|object|list|tree
 * @only
 */
const { snapshot } = require('../harness');

class Prefix {
  constructor() {
    this.children = new Map(); // @here
    this.count = 0;
  }
}

const prefixes = { root: new Prefix() }; // @here

function remember(search) {
  let prefix = prefixes.root;
  for (const letter of search) {
    let next = prefix.children.get(letter);
    if (!next) prefix.children.set(letter, (next = new Prefix()));
    next.count++;
    prefix = next;
  }
}

function searches(first, last) {
  for (let number = first; number < last; number++) {
    remember((Math.imul(number + 1, 2_654_435_761) >>> 0).toString(36).padStart(7, 'q'));
  }
}

async function main() {
  searches(0, 260);
  await snapshot('baseline');
  searches(10_000, 10_800);
  await snapshot('current');
}
main();
