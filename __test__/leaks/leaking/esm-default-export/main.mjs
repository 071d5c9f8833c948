/**
 * The default export of an ES module. It has no name but that of the import.
 *
 * @leak name=default|*default*|cache class=Map kind=map file=cache.mjs|main.mjs
 */
// The module calls it `default`, this file `cache`.
import { snapshot } from '../../harness.js';
import cache from './cache.mjs';

function translate(text) {
  if (!cache.has(text)) cache.set(text, { text, words: text.split(' ') });
  return cache.get(text);
}

for (let i = 0; i < 50; i++) translate(`warm ${i}`);
await snapshot('baseline');
for (let i = 0; i < 3_000; i++) translate(`sentence number ${i}`);
await snapshot('current');
