/**
 * A variable of an ES module that is not exported.
 *
 * @leak name=seenRequests class=Array kind=array
 */
import { snapshot } from '../harness.js';

const seenRequests = [];

function remember(request) {
  seenRequests.push(request);
}

for (let i = 0; i < 50; i++) remember({ id: i, headers: { accept: 'text/html' } });
await snapshot('baseline');
for (let i = 0; i < 4_000; i++) remember({ id: i, headers: { accept: 'text/html' } });
await snapshot('current');
