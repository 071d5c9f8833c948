/**
 * An exported binding of one ES module, filled by another.
 *
 * @leak name=sessions class=Map kind=map file=session-store.mjs
 */
import { snapshot } from '../../harness.js';
import { open, sessions } from './session-store.mjs';

for (let i = 0; i < 100; i++) open(`visitor-${i}`);
await snapshot('baseline');
for (let i = 0; i < 3_000; i++) open(`guest-${i}`);
if (sessions.size < 3_000) throw new Error('not leaking');
await snapshot('current');
