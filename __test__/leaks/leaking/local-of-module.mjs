/**
 * A variable of a module that waits, and that no function has captured: V8 has no name for it any more.
 *
 * @leak name=pages class=Map kind=map
 */
import { snapshot } from '../harness.js';

const started = Date.now();
const pages = new Map();

for (let i = 0; i < 30; i++) pages.set(`start ${i}`, { html: '<p>'.repeat(200) + i });
await snapshot('baseline');
for (let i = 0; i < 600; i++) pages.set(`page ${i}`, { html: '<p>'.repeat(200) + i });
await snapshot('current');
if (pages.size < 600 || started === 0) throw new Error('not leaking');
