/**
 * Nothing happens, in two processes.
 *
 * @restart
 * @healthy
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { snapshot } from '../harness.js';

await snapshot('baseline');
await sleep(500);
await snapshot('current');
