'use strict';
/**
 * A module exports the cache of another one: the code to look at is where its methods are.
 *
 * @leak name=entries class=Object kind=object file=cache.js items=8:1208
 */
const { snapshot } = require('../../harness');

exports.cache = require('./cache').cache;

async function main() {
  for (let i = 0; i < 8; i++) exports.cache.set(`/warm/${i}`, { i });
  await snapshot('baseline');
  for (let i = 0; i < 1_200; i++) exports.cache.set(`/page/${i}`, { i, html: `<p>${i}</p>` });
  await snapshot('current');
}
main();
