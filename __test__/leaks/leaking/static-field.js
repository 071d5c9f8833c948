'use strict';
/**
 * A static field of a class.
 *
 * @leak name=instances|Connection.instances class=Map kind=map
 */
// A static field is written `Connection.instances` wherever it is used.
const { snapshot } = require('../harness');

class Connection {
  static instances = new Map();

  constructor(id) {
    this.id = id;
    this.openedAt = Date.now();
    this.statements = [];
    Connection.instances.set(id, this);
  }
}

async function main() {
  for (let i = 0; i < 20; i++) new Connection(i);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) new Connection(1_000 + i);
  await snapshot('current');
}
main();
