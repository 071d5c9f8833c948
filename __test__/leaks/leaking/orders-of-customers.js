'use strict';
/**
 * 60 customers with their orders in arrays; each gains 15 orders. All of it is 70 kB.
 *
 * @leak name=ordersByCustomer class=Map kind=map items=120:1020
 */
const { snapshot } = require('../harness');
const ordersByCustomer = new Map();
function order(i) {
  const customer = `customer-${i % 60}`;
  if (!ordersByCustomer.has(customer)) ordersByCustomer.set(customer, []);
  ordersByCustomer.get(customer).push({ id: i, total: i * 3 });
}
async function main() {
  for (let i = 0; i < 120; i++) order(i);
  await snapshot('baseline');
  for (let i = 0; i < 900; i++) order(i);
  await snapshot('current');
}
main();
