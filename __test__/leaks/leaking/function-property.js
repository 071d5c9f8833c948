'use strict';
/**
 * A function that keeps its calls in a property of itself, as spies do.
 *
 * @leak name=calls class=Array kind=array
 */
const { snapshot } = require('../harness');

function track(event, properties) {
  track.calls.push({ event, properties });
}
track.calls = [];

async function main() {
  for (let i = 0; i < 20; i++) track('page', { path: `/${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) track('click', { button: `buy-${i}` });
  await snapshot('current');
}
main();
