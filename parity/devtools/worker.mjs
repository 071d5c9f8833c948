// Loads a snapshot file into DevTools' own classes.

import fs from 'node:fs';
import { MessageChannel, Worker } from 'node:worker_threads';

// DevTools uses it; Node.js has it from version 22 on.
Promise.withResolvers ??= function withResolvers() {
  const parts = {};
  parts.promise = new this((resolve, reject) => Object.assign(parts, { resolve, reject }));
  return parts;
};

const bundle = new URL('./dist/heap-worker.mjs', import.meta.url);
export const { HeapSnapshotLoader, SecondaryInitManager, ComparatorConfig, NodeFilter } =
  await import(bundle.href);

/** The panel's file reader hands the text to the worker in pieces of this many bytes. */
const CHUNK_BYTES = 10_000_000;

/**
 * Parses and analyses one snapshot, the way the Memory panel does it.
 *
 * @param {string} file Path of a `.heapsnapshot` (not compressed).
 * @param {{threads?: boolean}} [options] `threads`: dominators in a second thread, as in the panel; else in this one.
 * @returns {Promise<any>} DevTools' `JSHeapSnapshot`.
 */
export async function load(file, { threads = false } = {}) {
  const loader = new HeapSnapshotLoader({ sendEvent() {} });
  await feed(loader, file);
  loader.close();
  await loader.parsingComplete;
  return quietly(() => build(loader, threads));
}

async function feed(loader, file) {
  const text = new TextDecoder();
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  const handle = fs.openSync(file, 'r');
  try {
    for (;;) {
      const bytes = fs.readSync(handle, buffer);
      loader.write(text.decode(buffer.subarray(0, bytes), { stream: bytes > 0 }));
      if (bytes === 0) return;
      // Lets the loader's own loop take the piece before the next one piles up.
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    fs.closeSync(handle);
  }
}

async function build(loader, threads) {
  const { port1, port2 } = new MessageChannel();
  const second = threads
    ? new Worker(new URL('./second-thread.mjs', import.meta.url), {
        workerData: port2,
        transferList: [port2],
      })
    : new SecondaryInitManager(port2);
  try {
    return await loader.buildSnapshot(port1);
  } finally {
    port1.close();
    if (second instanceof Worker) await second.terminate();
    else port2.close();
  }
}

/** DevTools warns on the console about orphans; the parity run makes thousands of them on purpose. */
async function quietly(work) {
  const { warn } = console;
  console.warn = () => {};
  try {
    return await work();
  } finally {
    console.warn = warn;
  }
}
