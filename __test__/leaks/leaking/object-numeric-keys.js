'use strict';
/**
 * A dictionary whose keys are large sparse numbers: V8 keeps them as elements, not as properties.
 *
 * @leak name=cartsByUser class=Object kind=object
 */
const { snapshot } = require('../harness');

const cartsByUser = {};

function cartOf(userId) {
  return (cartsByUser[userId] ??= { userId, lines: [{ sku: 'A1', quantity: 1 }] });
}

async function main() {
  for (let i = 0; i < 100; i++) cartOf(1_000_003 * (i + 1));
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) cartOf(7_000 + 15_013 * i);
  await snapshot('current');
}
main();
