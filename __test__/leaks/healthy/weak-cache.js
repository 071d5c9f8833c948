'use strict';
/**
 * WeakMap, WeakRef and FinalizationRegistry as they are meant: entries go with their keys.
 *
 * @healthy
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const details = new WeakMap();
const byName = new Map();
const registry = new FinalizationRegistry((name) => {
  if (byName.get(name)?.deref() === undefined) byName.delete(name);
});

function open(name) {
  const document = { name, pages: new Array(20).fill(name) };
  details.set(document, { openedAt: Date.now(), marks: [name] });
  byName.set(name, new WeakRef(document));
  registry.register(document, name);
  return details.get(document).marks.length;
}

async function settle() {
  // Finalizers run in tasks of their own, after collections that memory pressure brings about.
  for (let i = 0; i < 200 && byName.size > 30; i++) {
    const garbage = [];
    for (let n = 0; n < 200; n++) garbage.push(new Array(1_000).fill(n));
    await sleep(2);
  }
}

async function main() {
  for (let i = 0; i < 200; i++) open(`draft ${i}`);
  await settle();
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) {
    open(`draft ${i % 200}`);
    if (i % 100 === 0) await sleep(1);
  }
  await settle();
  await snapshot('current');
}
main();
