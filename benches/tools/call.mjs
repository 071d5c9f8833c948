// One call of heapdiff in a process in which it is at home: the code is loaded and the threads are there, as in a service. What a
// process pays for that, once, is the difference from `heapdiff.mjs`.
//
//     node tools/call.mjs BASE CURRENT OTHER_BASE OTHER_CURRENT
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { finish, peakKiB, wanted } from './contract.mjs';

const { diffSnapshots } = createRequire(import.meta.url)('../../index.js');
const options = { classRows: 'devtools', classes: 20 };

const [otherBase, otherCurrent] = process.argv.slice(4);
await diffSnapshots(otherBase, otherCurrent, options);

// Makes the kernel's mark of the largest resident set the present one: proc(5), clear_refs.
fs.writeFileSync('/proc/self/clear_refs', '5');
const residentKiB = peakKiB();
const started = performance.now();
await diffSnapshots(wanted.base, wanted.current, options);
const ms = performance.now() - started;
finish(() => ({}), { call: { ms, peakBytes: (peakKiB() - residentKiB) * 1024 } });
