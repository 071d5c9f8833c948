/**
 * A global variable of a script that is written as CommonJS and imported: its file is known by a path and by a URL,
 * and is one.
 *
 * @leak name=visitCounts|globalThis.visitCounts class=Map kind=map file=visits.cjs
 * @only
 */
import { snapshot } from '../../harness.js';
import { visit } from './visits.cjs';

for (let i = 0; i < 20; i++) visit(`/page/${i}`);
await snapshot('baseline');
for (let i = 20; i < 3_000; i++) visit(`/page/${i}`);
await snapshot('current');
