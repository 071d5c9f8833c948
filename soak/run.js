'use strict';

// npm run soak [-- --captures N] [--inline N] [--objects N] [--busy] [--node PATH]...
//
// Captures a service that is under load, many times in fork mode and a few times inline, and checks
//
// - that the service came to no harm: every request answered right, its state equal to what the
//   answers say, workers, children and connections at work, nothing lost, no zombie;
// - that every snapshot is whole and equal in content to one that was taken inline, of all objects
//   of the service's own classes: see content.js;
// - how often the first try succeeded: in fork mode in 99 of 100.
//
// Prints pauses and latencies of both modes side by side, and why tries failed. With --busy the
// workers never rest: there is no good moment for a fork then, and only success after retries is
// asked for.

const { execFileSync, fork } = require('node:child_process');
const { once } = require('node:events');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');
const { Worker } = require('node:worker_threads');
const { startDatabase, startLoad } = require('./load');
const { REMEMBERED } = require('./state');

/** @typedef {import('./content').Content} Content */
/** @typedef {{ file: string, attempts: number, warnings: string[], pauseMs: number, requests: [number, number], failure?: undefined } | { failure: string }} Captured */

/** Fork mode has to succeed this often at the first try. */
const FIRST_TRY_SHARE = 0.99;

const { values } = parseArgs({
  options: {
    captures: { type: 'string', default: '200' },
    inline: { type: 'string', default: '3' },
    objects: { type: 'string', default: '20000' },
    busy: { type: 'boolean', default: false },
    node: { type: 'string', multiple: true, default: [process.execPath] },
  },
});

/**
 * @param {string} node
 * @param {'fork' | 'inline'} mode
 * @param {number} captures
 */
async function soak(node, mode, captures) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'heapdiff-soak-'));
  const database = await startDatabase();
  const reader = startReader();
  try {
    const objects = Number(values.objects);
    const { busy } = values;
    const options = { captures, mode, objects, busy, directory, database: database.port };
    const service = fork(path.join(__dirname, 'service.js'), [JSON.stringify(options)], {
      execPath: node,
    });
    const messages = listen(service);
    const load = startLoad((await messages.next()).port);
    const reference = await reader.read((await messages.next()).reference);
    const tally = new Tally(reference);
    /** @type {Promise<void>} What is looked at while the next is taken. */
    let looking = Promise.resolve();
    for (let round = 0; round < captures; round++) {
      const { captured } = await messages.next();
      await looking;
      looking = tally.count(captured, reader);
      service.send('go on');
    }
    await looking;
    const result = await messages.next();
    const served = await load.stop();
    service.send('exit');
    await once(service, 'exit');
    const harm = [...served.wrong, ...result.harm];
    // The last answers may have come after the service reported.
    if (result.requests > served.digests.length) harm.push('requests without an answer');
    if (result.digest !== (served.digests[result.requests - 1] ?? '')) {
      harm.push('the state is not what the answers say');
    }
    return { ...result, tally, harm, latencies: served.latencies };
  } finally {
    await reader.stop();
    database.stop();
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** What became of the captures. */
class Tally {
  firstTry = 0;
  /** @type {string[]} */
  failures = [];
  /** @type {Record<string, number>} */
  retries = {};
  /** @type {number[]} */
  pauses = [];

  /** @param {Content} reference */
  constructor(reference) {
    this.reference = reference;
  }

  /**
   * @param {Captured} captured
   * @param {ReturnType<typeof startReader>} reader
   */
  async count(captured, reader) {
    if (captured.failure !== undefined) {
      this.failures.push(captured.failure);
      return;
    }
    if (captured.attempts === 1) this.firstTry += 1;
    for (const why of captured.warnings) this.retries[why] = (this.retries[why] ?? 0) + 1;
    this.pauses.push(captured.pauseMs);
    const content = await reader.read(captured.file);
    fs.rmSync(captured.file);
    this.failures.push(...differences(content, this.reference, captured.requests));
  }
}

/**
 * @param {Content} content
 * @param {Content} reference
 * @param {[number, number]} served How many requests had been served before the capture, and after.
 * @returns {string[]}
 */
function differences({ counts, lasting, requests }, reference, [before, after]) {
  const found = [];
  if (JSON.stringify(counts) !== JSON.stringify(reference.counts)) {
    found.push(`objects: ${JSON.stringify(counts)}, not ${JSON.stringify(reference.counts)}`);
  }
  if (lasting !== reference.lasting) found.push('the objects that last are not the same');
  // One moment between: an unbroken series of requests, of which the last had been served.
  const last = requests[requests.length - 1];
  const isSeries = requests.every((number, at) => number === last - (requests.length - 1 - at));
  if (!isSeries || requests.length !== REMEMBERED || last + 1 < before || last + 1 > after) {
    found.push(`the latest requests, of ${before} to ${after}: ${requests.join()}`);
  }
  return found;
}

/** Reads snapshots on a thread of its own. */
function startReader() {
  const worker = new Worker(path.join(__dirname, 'content.js'));
  return {
    /**
     * @param {string} file
     * @returns {Promise<Content>}
     */
    async read(file) {
      worker.postMessage(file);
      const [{ content, error }] = await once(worker, 'message');
      if (error) throw new Error(`${file}: ${error}`);
      return content;
    },
    stop: () => worker.terminate(),
  };
}

/** @param {import('node:child_process').ChildProcess} service */
function listen(service) {
  /** @type {any[]} */
  const queue = [];
  /** @type {(() => void) | undefined} */
  let wake;
  let exited = false;
  service.on('message', (message) => (queue.push(message), wake?.()));
  service.on('exit', () => ((exited = true), wake?.()));
  return {
    async next() {
      while (queue.length === 0) {
        if (exited) throw new Error('the service has died');
        await new Promise((resolve) => (wake = () => resolve(undefined)));
      }
      return queue.shift();
    },
  };
}

/**
 * @param {number[]} numbers
 * @param {number} share
 */
function percentile(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? NaN;
}

/** @param {string} node */
function version(node) {
  return String(execFileSync(node, ['--version'])).trim();
}

async function main() {
  const rows = [];
  let failed = false;
  for (const node of values.node) {
    for (const [mode, count] of /** @type {const} */ ([
      ['fork', Number(values.captures)],
      ['inline', Number(values.inline)],
    ])) {
      const { tally, harm, latencies, heapMegabytes, asked } = await soak(node, mode, count);
      const { firstTry, failures, retries, pauses } = tally;
      rows.push({
        node: version(node),
        mode,
        captures: count,
        'first try': firstTry,
        failures: failures.length,
        harm: harm.length,
        'heap MB': Math.round(heapMegabytes),
        'pause ms, median': percentile(pauses, 0.5).toFixed(1),
        'pause ms, max': percentile(pauses, 1).toFixed(1),
        requests: latencies.length,
        'to database': asked.database,
        'to workers': asked.workers,
        children: asked.children,
        'p50 ms': percentile(latencies, 0.5).toFixed(1),
        'p99 ms': percentile(latencies, 0.99).toFixed(1),
        'max ms': percentile(latencies, 1).toFixed(1),
      });
      for (const [why, times] of Object.entries(retries)) {
        process.stderr.write(`${version(node)}, ${mode}, ${times} times: ${why}\n`);
      }
      for (const line of [...failures, ...harm]) process.stderr.write(`${mode}: ${line}\n`);
      failed ||= failures.length > 0 || harm.length > 0;
      failed ||= mode === 'fork' && !values.busy && firstTry < Math.floor(count * FIRST_TRY_SHARE);
    }
  }
  console.table(rows);
  process.exitCode = failed ? 1 : 0;
}

main();
