/**
 * Rules are compiled by importing them from `data:` URLs: Node forgets no module.
 *
 * @leak name=loadCache class=LoadCache kind=map file=*
 */
import { snapshot } from '../harness.js';

const load = (limit) => import(`data:text/javascript,export const rule = (x) => x > ${limit};`);

for (let i = 0; i < 10; i++) await load(i);
await snapshot('baseline');
for (let i = 0; i < 200; i++) await load(1_000 + i);
await snapshot('current');
