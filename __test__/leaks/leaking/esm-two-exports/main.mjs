/**
 * Exported bindings of two ES modules leak, and in V8's arrays of such bindings they look the same.
 *
 * @leak name=sessions class=Array kind=array file=sessions.mjs
 * @leak name=jobs class=Array kind=array file=jobs.mjs
 */
import { snapshot } from '../../harness.js';
import { enqueue, jobs } from './jobs.mjs';
import { open, sessions } from './sessions.mjs';

for (let i = 0; i < 50; i++) open(`visitor-${i}`);
for (let i = 0; i < 50; i++) enqueue(`mail-${i}`);
await snapshot('baseline');
for (let i = 0; i < 6_000; i++) open(`guest-${i}`);
for (let i = 0; i < 4_000; i++) enqueue(`newsletter-${i}`);
if (sessions.length + jobs.length < 10_000) throw new Error('not leaking');
await snapshot('current');
