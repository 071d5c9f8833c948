'use strict';
/**
 * A cache of pages for each tenant, and nothing bounds them. Each gains fewer pages than would be told
 * from a warm-up, but more bytes than are looked at; there are new tenants, too.
 *
 * @leak name=pages class=Map kind=map items=16:76
 * @only
 */
const { snapshot } = require('../harness');

class PageCache {
  constructor() {
    this.pages = new Map(); // @here
  }

  get(path, render) {
    let page = this.pages.get(path);
    if (!page) this.pages.set(path, (page = render(path)));
    return page;
  }
}

const tenants = new Map();

function serve(tenant, path) {
  let site = tenants.get(tenant);
  if (!site) tenants.set(tenant, (site = { tenant, cache: new PageCache() }));
  return site.cache.get(path, (of) => ({ path: of, html: '<p>'.repeat(30), tags: ['a', of] }));
}

function work(tenantCount, first, last) {
  for (let number = first; number < last; number++) {
    for (let tenant = 0; tenant < tenantCount; tenant++) {
      serve(`tenant-${tenant}`, `/${tenant}/page-${number}`);
    }
  }
}

async function main() {
  work(12, 0, 16);
  await snapshot('baseline');
  work(20, 16, 76);
  await snapshot('current');
}
main();
