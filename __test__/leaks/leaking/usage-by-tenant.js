'use strict';
/**
 * Lists by tenant in a plain object. Two tenants are never billed. Their names look like those of
 * properties, but no line of code has them: what it has a word for is the object.
 *
 * @leak name=byTenant class=Array kind=array
 */
const { snapshot } = require('../harness');

class Usage {
  byTenant = {}; // @here

  record(tenant, event) {
    (this.byTenant[tenant] ??= []).push(event);
  }

  bill(tenant) {
    this.byTenant[tenant].length = 0;
  }
}

const usage = new Usage();
const tenants = ['acme', 'initech', 'hooli', 'umbrella', 'globex'].map((name) => `${name}Inc`);

async function main() {
  for (let i = 0; i < 30; i++) for (const tenant of tenants) usage.record(tenant, { i });
  await snapshot('baseline');
  for (let i = 0; i < 2_400; i++) {
    for (const tenant of tenants) {
      usage.record(tenant, { i });
      const isForgotten = tenant === 'hooliInc' || tenant === 'globexInc';
      if (!isForgotten && i % 20 === 19) usage.bill(tenant);
    }
  }
  await snapshot('current');
}
main();
