'use strict';
/**
 * A cache that has the keys in the order in which they came, for when the oldest has to go: none ever goes. What is
 * named is what has the things, and not the list of keys.
 *
 * @leak name=pages class=Map kind=map
 * @only
 */
const { snapshot } = require('../harness');

const pages = new Map(); // @here
const order = [];

function keep(key, page) {
  pages.set(key, page);
  order.push(key);
}

function visit(i) {
  keep(`page:${i}`, { views: i, at: Date.now(), meta: { source: 'database' } });
}

async function main() {
  for (let i = 0; i < 200; i++) visit(i);
  await snapshot('baseline');
  for (let i = 200; i < 3_000; i++) visit(i);
  await snapshot('current');
}

main();
