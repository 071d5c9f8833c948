'use strict';
/**
 * Static fields of one name in two classes of one file: two leaks.
 *
 * @leak name=pending class=Map kind=map
 * @leak name=pending class=Map kind=map
 */
const { snapshot } = require('../harness');

class Orders {
  static pending = new Map(); // @here

  static add(number) {
    Orders.pending.set(number, { number, lines: [{ sku: `sku-${number}` }] });
  }
}

class Refunds {
  static pending = new Map(); // @here

  static add(number) {
    Refunds.pending.set(`r${number}`, { number, reason: 'late' });
  }
}

async function main() {
  for (let i = 0; i < 50; i++) Orders.add(i);
  for (let i = 0; i < 50; i++) Refunds.add(i);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) Orders.add(100 + i);
  for (let i = 0; i < 4_000; i++) Refunds.add(100 + i);
  await snapshot('current');
}
main();
