'use strict';

// A service under load that captures itself again and again: Express, JIT, garbage collection,
// workers, open sockets. Told by its parent how often and how; answers with a line of JSON.

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const net = require('node:net');
const { monitorEventLoopDelay } = require('node:perf_hooks');
const { Worker } = require('node:worker_threads');
const express = require('express');
const { writeSnapshot } = require('..');

/** @type {{ captures: number, mode: 'fork' | 'inline', objects: number, busy: boolean, file: string }} */
const { captures, mode, objects, busy, file } = JSON.parse(process.argv[2]);

class SoakThing {
  /** @param {number} number */
  constructor(number) {
    this.number = number;
    this.text = `thing ${number}`;
  }
}
const things = Array.from({ length: objects }, (_, i) => new SoakThing(i));
/** The state of the service: every request changes it in a way that can be checked afterwards. */
const state = { requests: 0, digest: '' };

const app = express();
app.get('/work/:n', (request, response) => {
  const n = Number(request.params.n);
  const garbage = Array.from({ length: 200 }, (_, i) => ({ i, text: `${n} ${i}` }));
  state.requests += 1;
  state.digest = createHash('sha256').update(`${state.digest}${n}`).digest('hex');
  response.json({ n, sum: garbage.reduce((sum, { i }) => sum + i, 0), digest: state.digest });
});

/** Functions that are new each time keep the compiler threads busy. */
function compileSomething() {
  const compiled = new Function(
    'n',
    `let s = 0; for (let i = 0; i < n; i++) s += i ^ ${Math.random()}; return s;`,
  );
  for (let i = 0; i < 50; i++) compiled(2000);
}

async function main() {
  const workers = [1, 2].map(
    () =>
      new Worker(
        `const { parentPort, workerData } = require('node:worker_threads');
         let kept = [];
         parentPort.on('message', (n) => {
           kept = Array.from({ length: 1000 }, (_, i) => ({ i, n }));
           parentPort.postMessage(n + kept.length);
         });
         if (workerData) {
           (function work() {
             kept = Array.from({ length: 20000 }, (_, i) => ({ i }));
             setImmediate(work);
           })();
         }`,
        { eval: true, workerData: busy },
      ),
  );
  // Sockets that stay open and silent, as those of a database do.
  const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const { port: silentPort } = /** @type {net.AddressInfo} */ (silent.address());
  const sockets = Array.from({ length: 10 }, () => net.connect(silentPort, '127.0.0.1'));
  /** @type {net.Socket[]} */
  const lost = [];
  for (const socket of sockets) socket.once('close', () => lost.push(socket));

  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  process.send?.({ port });

  const ticking = setInterval(() => {
    compileSomething();
    for (const worker of workers) worker.postMessage(state.requests);
  }, 20);

  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const pauses = [];
  const failures = [];
  /** @type {Record<string, number>} */
  const retries = {};
  let firstTry = 0;
  for (let round = 0; round < captures; round++) {
    try {
      const info = await writeSnapshot(file, { mode, timeoutMs: 300_000 });
      if (info.attempts === 1) firstTry += 1;
      for (const why of info.warnings) retries[why] = (retries[why] ?? 0) + 1;
      pauses.push(info.pauseMs);
      const counted = count(file);
      if (counted !== things.length) failures.push(`${counted} of ${things.length} objects`);
    } catch (error) {
      failures.push(`${/** @type {any} */ (error).code}: ${/** @type {Error} */ (error).message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  delay.disable();
  clearInterval(ticking);
  process.send?.({
    firstTry,
    failures,
    retries,
    pauses,
    loopDelayP99Ms: delay.percentile(99) / 1e6,
    loopDelayMaxMs: delay.max / 1e6,
    state,
    lostSockets: lost.length,
    zombies: zombies(),
    heapMegabytes: process.memoryUsage().heapUsed / 1e6,
  });
  process.once('message', () => process.exit(0));
}

/** @param {string} snapshot */
function count(snapshot) {
  const { snapshot: header, nodes, strings } = JSON.parse(fs.readFileSync(snapshot, 'utf8'));
  const fields = header.meta.node_fields;
  const [type, name] = [fields.indexOf('type'), fields.indexOf('name')];
  const object = header.meta.node_types[type].indexOf('object');
  const wanted = strings.indexOf('SoakThing');
  let found = 0;
  for (let at = 0; at < nodes.length; at += fields.length) {
    if (nodes[at + type] === object && nodes[at + name] === wanted) found += 1;
  }
  return found;
}

/** Children that nobody has reaped. */
function zombies() {
  const children = `/proc/self/task/${process.pid}/children`;
  return fs.existsSync(children) ? fs.readFileSync(children, 'utf8').trim() : '';
}

main();
