'use strict';
/**
 * A leak beside a cache that is larger, busier and healthy: the cache changes all of its 5,000
 * entries, the leak gains 1,000.
 *
 * @leak name=auditLog class=Array kind=array
 */
const { snapshot } = require('../harness');

class PageCache {
  #pages = new Map();
  set(url, body) {
    this.#pages.set(url, body);
    if (this.#pages.size > 5_000) this.#pages.delete(this.#pages.keys().next().value);
  }
}

const pages = new PageCache();
const auditLog = [];

function handle(i) {
  pages.set(`/page/${i}`, { html: `<h1>${i}</h1>`, etag: `W/"${i}"`, sections: [i, i * 2] });
  if (i % 10 === 0) auditLog.push({ url: `/page/${i}` });
}

async function main() {
  for (let i = 0; i < 6_000; i++) handle(i);
  await snapshot('baseline');
  for (let i = 6_000; i < 16_000; i++) handle(i);
  await snapshot('current');
}
main();
