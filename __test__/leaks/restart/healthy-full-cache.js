'use strict';
/**
 * A bounded cache that is full in both processes, with other entries.
 *
 * @restart
 * @healthy
 */
const { LRUCache } = require('lru-cache');
const { snapshot } = require('../harness');

const articles = new LRUCache({ max: 2_000 });

function article(id) {
  articles.set(id, { id, text: `article ${id}`, links: [id, `${id}/more`] });
}

async function main() {
  for (let i = 0; i < 3_000; i++) article(`${process.pid}-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 9_000; i++) article(`${process.pid}/${i}`);
  await snapshot('current');
}
main();
