'use strict';
/**
 * Two modules in files of one name, each with a variable of one name, both of which leak.
 *
 * @leak name=cache class=Map kind=map file=orders/index.js
 * @leak name=cache class=Map kind=map file=users/index.js
 */
const { snapshot } = require('../../harness');
const orders = require('./orders');
const users = require('./users');

async function main() {
  for (let i = 0; i < 50; i++) orders.find(i);
  for (let i = 0; i < 50; i++) users.find(`user-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) orders.find(100 + i);
  for (let i = 0; i < 4_000; i++) users.find(`customer-${i}`);
  await snapshot('current');
}
main();
