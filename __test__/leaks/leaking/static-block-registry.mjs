/**
 * A registry behind a private static field, set up in a static block.
 *
 * @leak name=#byTenant|Audit.#byTenant class=Map kind=map
 */
import { snapshot } from '../harness.js';

// Exported, as nothing else in this module refers to it by the end.
export class Audit {
  static #byTenant;
  static {
    Audit.#byTenant = new Map();
  }

  constructor(tenant, action) {
    this.tenant = tenant;
    this.action = action;
    const entries = Audit.#byTenant.get(tenant) ?? new Map();
    entries.set(`${action}#${entries.size}`, this);
    Audit.#byTenant.set(tenant, entries);
  }
}

for (let i = 0; i < 100; i++) new Audit(`t${i % 5}`, 'read');
await snapshot('baseline');
for (let i = 0; i < 5_000; i++) new Audit(`t${i % 5}`, 'write');
await snapshot('current');
