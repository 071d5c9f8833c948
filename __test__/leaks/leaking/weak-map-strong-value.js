'use strict';
/**
 * A WeakMap does not help when its key lives as long as the process and its value only grows.
 *
 * @leak name=listenersOf class=Array|WeakMap kind=array|other
 */
// The array has no name but that of the WeakMap it is a value of.
const { snapshot } = require('../harness');

const listenersOf = new WeakMap();
const application = { name: 'shop' };

function listen(target, listener) {
  if (!listenersOf.has(target)) listenersOf.set(target, []);
  listenersOf.get(target).push(listener);
}

async function main() {
  for (let i = 0; i < 20; i++) listen(application, { id: i });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) listen(application, { id: i, label: `listener ${i}` });
  await snapshot('current');
}
main();
