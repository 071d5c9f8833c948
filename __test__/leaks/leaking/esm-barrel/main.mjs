/**
 * A binding that an index module hands on under another name. The file to look at is the one that declares it.
 *
 * @leak name=visits class=Map kind=map file=visits.mjs
 */
import { snapshot } from '../../harness.js';
import { recentVisits } from './index.mjs';

function visit(ip) {
  recentVisits.set(ip, { ip, at: new Date().toISOString(), pages: ['/'] });
}

for (let i = 0; i < 100; i++) visit(`10.0.0.${i}`);
await snapshot('baseline');
for (let i = 0; i < 4_000; i++) visit(`192.168.${i >> 8}.${i & 255}`);
await snapshot('current');
