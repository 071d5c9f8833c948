/**
 * One of several bindings that a module exports leaks, compared with the process before the restart. Another
 * one is larger, and always was.
 *
 * @restart
 * @leak name=failures class=Array kind=array file=tables.mjs
 * @only
 */
import { snapshot } from '../../harness.js';
import { countries, failures } from './tables.mjs';

function fail(url) {
  failures.push({ url, at: Date.now(), stack: [`at ${url}`] });
}

for (let i = 0; i < 200; i++) fail(`/warm/${i}`);
await snapshot('baseline');
for (let i = 0; i < 2_500; i++) fail(`/orders/${i}`);
if (countries.length !== 3_500) throw new Error('not constant');
await snapshot('current');
