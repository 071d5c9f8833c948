'use strict';
/**
 * A debouncer that keeps the timer of each key in a plain object, and forgets none of them.
 *
 * @only
 * @leak name=pending class=Object kind=object items=20:1520
 */
const { snapshot } = require('../harness');

const HOUR = 3_600_000;

const pending = {}; // @here

function debounce(key, save) {
  clearTimeout(pending[key]);
  pending[key] = setTimeout(() => save(key), HOUR);
  pending[key].unref();
}

async function main() {
  const saved = new Set();
  for (let i = 0; i < 20; i++) debounce(`draft-${i}`, (key) => saved.add(key));
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) debounce(`note-${i}`, (key) => saved.add(key));
  await snapshot('current');
}
main();
