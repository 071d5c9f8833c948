/**
 * What a module exports, imported by a call: the importing module has it in a local variable.
 *
 * @leak name=routes class=Map kind=map file=routes.mjs
 */
import { snapshot } from '../../harness.js';

const { routes } = await import('./routes.mjs');

const add = (from, to) => {
  for (let i = from; i < to; i++) routes.set(`/items/${i}`, { i, tags: [i, i], at: new Date() });
};

add(0, 30);
await snapshot('baseline');
add(30, 930);
await snapshot('current');
if (routes.size < 900) throw new Error('not leaking');
