'use strict';
/**
 * The field is made by the base class, the instance is of a derived one.
 *
 * @leak name=identityMap class=Map kind=map
 */
const { snapshot } = require('../harness');

class Repository {
  identityMap = new Map();

  load(id) {
    if (!this.identityMap.has(id)) this.identityMap.set(id, this.hydrate(id));
    return this.identityMap.get(id);
  }
}
class CustomerRepository extends Repository {
  hydrate(id) {
    return { id, name: `Customer ${id}`, addresses: [{ city: 'Utrecht' }] };
  }
}

const customers = new CustomerRepository();

async function main() {
  for (let i = 0; i < 50; i++) customers.load(i);
  await snapshot('baseline');
  for (let i = 50; i < 4_000; i++) customers.load(i);
  await snapshot('current');
}
main();
