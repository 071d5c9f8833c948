/**
 * A worker that never ends enters a new store for each job, which knows the one before: a chain that Node alone holds, by
 * what the worker waits for. In a store there is nothing but plain objects.
 *
 * @leak name=parent|storage class=Object kind=list
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import harness from '../harness.js';

const storage = new AsyncLocalStorage();
let resume = null;

async function work() {
  for (;;) {
    const job = await new Promise((resolve) => (resume = resolve));
    storage.enterWith({ parent: storage.getStore(), job, spans: [job] });
  }
}

async function feed(count) {
  for (let i = 0; i < count; i++) {
    const next = resume;
    resume = null;
    next({ i });
    while (!resume) await null;
  }
}

work();
await feed(10);
await harness.snapshot('baseline');
await feed(1_200);
await harness.snapshot('current');
