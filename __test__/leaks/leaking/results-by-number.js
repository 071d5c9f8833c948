'use strict';
/**
 * A package numbers what a function is called with, and keeps its results by number: three tables of one leak,
 * of which one has nothing but numbers in it.
 *
 * @leak name=quote class=Function kind=object|array
 * @only
 */
const { byNumber } = require('results-by-number');
const { snapshot } = require('../harness');

const quote = byNumber((order) => ({ order, total: order.weight * 3 })); // @here

async function main() {
  for (let i = 0; i < 30; i++) quote({ weight: i, carrier: 'rail' });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) quote({ weight: i, carrier: 'road' });
  await snapshot('current');
}

main();
