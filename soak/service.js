'use strict';

// A service under load that captures itself again and again: Express, JIT, garbage collection,
// workers, child processes, connections to a database. Its parent tells it how often and how, and
// looks at what it wrote.

const { execFile } = require('node:child_process');
const { createHash } = require('node:crypto');
const { once } = require('node:events');
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { Worker } = require('node:worker_threads');
// @ts-expect-error: it comes without types.
const express = require('express');
const { writeSnapshot } = require('..');
const { makeState, remember } = require('./state');

/** @type {{ captures: number, mode: 'fork' | 'inline', objects: number, busy: boolean, directory: string, database: number }} */
const { captures, mode, objects, busy, directory, database } = JSON.parse(process.argv[2]);

/** The state of the service: every request changes it in a way that can be checked afterwards. */
const state = { ...makeState(objects), requests: 0, digest: '' };
/** @type {string[]} What went wrong beside the captures. */
const harm = [];
const asked = { workers: 0, children: 0, database: 0 };

const app = express();
/**
 * @param {{ params: { n: string } }} request
 * @param {{ json: (body: unknown) => void }} response
 */
const work = (request, response) => {
  const n = Number(request.params.n);
  const garbage = Array.from({ length: 200 }, (_, i) => ({ i, text: `${n} ${i}` }));
  remember(state, state.requests);
  state.requests += 1;
  state.digest = createHash('sha256').update(`${state.digest}${n}`).digest('hex');
  response.json({ n, sum: garbage.reduce((sum, { i }) => sum + i, 0), digest: state.digest });
};
app.get('/work/:n', work);

/** Functions that are new each time keep the compiler threads busy. */
function compileSomething() {
  const compiled = new Function(
    'n',
    `let s = 0; for (let i = 0; i < n; i++) s += i ^ ${Math.random()}; return s;`,
  );
  for (let i = 0; i < 50; i++) compiled(2000);
}

/** A worker that allocates for every message, and with `busy` all the time. */
function startWorker() {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
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
    }`;
  const worker = new Worker(source, { eval: true, workerData: busy });
  /** @type {number[]} */
  const waiting = [];
  worker.on('message', (answer) => {
    const expected = /** @type {number} */ (waiting.shift()) + 1000;
    if (answer !== expected) harm.push(`a worker answered ${answer} and not ${expected}`);
  });
  worker.on('error', (error) => harm.push(`a worker failed: ${error}`));
  return {
    waiting,
    ask() {
      waiting.push(state.requests);
      worker.postMessage(state.requests);
      asked.workers += 1;
    },
  };
}

/**
 * A connection on which every question has to be answered, in order: one byte too many or too few
 * from a second process that holds it would show.
 */
async function connect() {
  const socket = net.connect(database, '127.0.0.1');
  await once(socket, 'connect');
  let [sent, answered, text] = [0, 0, ''];
  socket.on('data', (chunk) => {
    text += chunk;
    const lines = text.split('\n');
    text = /** @type {string} */ (lines.pop());
    for (const line of lines) {
      if (line !== `answer ${answered}`) harm.push(`the database answered ${line}`);
      answered += 1;
    }
  });
  socket.on('close', () => harm.push('a connection to the database was lost'));
  return {
    ask() {
      asked.database += 1;
      socket.write(`question ${sent++}\n`);
    },
    unanswered: () => sent - answered,
  };
}

/** The service's own children have to be left alone. */
function runChild() {
  asked.children += 1;
  const number = asked.children;
  execFile('/bin/echo', [String(number)], (error, output) => {
    if (error || output !== `${number}\n`) harm.push(`a child of the service failed: ${error}`);
  });
}

/** @param {number} round */
async function capture(round) {
  const file = path.join(directory, `${round}.heapsnapshot`);
  const before = state.requests;
  try {
    const info = await writeSnapshot(file, { mode, timeoutMs: 300_000, exclusive: true });
    const { attempts, warnings, pauseMs } = info;
    return { file, attempts, warnings, pauseMs, requests: [before, state.requests] };
  } catch (error) {
    const { code, message } = /** @type {any} */ (error);
    return { failure: `${code}: ${message}` };
  }
}

async function main() {
  const workers = [startWorker(), startWorker()];
  const connections = await Promise.all(Array.from({ length: 10 }, connect));
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.({ port: /** @type {net.AddressInfo} */ (server.address()).port });

  // What all others are compared with. It also gives all of the state ids that a child keeps.
  const reference = path.join(directory, 'reference.heapsnapshot');
  await writeSnapshot(reference, { mode: 'inline', force: true });
  process.send?.({ reference });

  const ticking = setInterval(() => {
    compileSomething();
    for (const worker of workers) worker.ask();
    for (const connection of connections) connection.ask();
  }, 20);
  const spawning = setInterval(runChild, 250);
  for (let round = 0; round < captures; round++) {
    // The parent looks at one while the next is taken, and at no more than that.
    const seen = once(process, 'message');
    process.send?.({ captured: await capture(round) });
    await seen;
  }
  clearInterval(ticking);
  clearInterval(spawning);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const open = connections.reduce((sum, connection) => sum + connection.unanswered(), 0);
  if (open > 0) harm.push(`the database left ${open} questions unanswered`);
  const idle = workers.reduce((sum, { waiting }) => sum + waiting.length, 0);
  if (idle > 0) harm.push(`the workers left ${idle} questions unanswered`);
  const left = children();
  if (left !== '') harm.push(`children left: ${left}`);
  const { requests, digest } = state;
  const heapMegabytes = process.memoryUsage().heapUsed / 1e6;
  process.send?.({ harm, asked, requests, digest, heapMegabytes });
  process.once('message', () => process.exit(0));
}

/** Children that nobody has reaped. */
function children() {
  const list = `/proc/self/task/${process.pid}/children`;
  return fs.existsSync(list) ? fs.readFileSync(list, 'utf8').trim() : '';
}

main();
