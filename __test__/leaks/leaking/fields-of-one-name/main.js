'use strict';
/**
 * Fields of one name in two classes of one file, of which one leaks: it is declared in its class.
 *
 * @leak name=items class=Array kind=array file=repositories.js
 */
const { snapshot } = require('../../harness');
const { OrderRepository, UserRepository } = require('./repositories');

const users = new UserRepository();
const orders = new OrderRepository();

async function main() {
  for (let i = 0; i < 100; i++) users.add(`user ${i}`);
  for (let i = 0; i < 100; i++) orders.add(i);
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) orders.add(1_000 + i);
  await snapshot('current');
  if (users.items.length !== 100) throw new Error('users leak, too');
}
main();
