// DevTools computes retainers, dominators and retained sizes in a second worker. This is its entry point here.

import { workerData } from 'node:worker_threads';
import { SecondaryInitManager } from './worker.mjs';

new SecondaryInitManager(workerData);
