'use strict';
/**
 * A timeline per customer, of a dozen customers: no timeline is ever cut.
 *
 * @leak name=timelines class=Map kind=map
 */
const { snapshot } = require('../harness');

const timelines = new Map();

function record(customer, action) {
  if (!timelines.has(customer)) timelines.set(customer, []);
  timelines.get(customer).push({ action, at: Date.now(), tags: [action] });
}

async function main() {
  for (let i = 0; i < 240; i++) record(`customer-${i % 12}`, `view-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) record(`customer-${i % 12}`, `buy-${i}`);
  await snapshot('current');
}
main();
