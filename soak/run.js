'use strict';

// npm run soak [-- --captures N] [--objects N] [--busy] [--node PATH]...
//
// Captures a service that is under load, many times in fork mode and a few times inline, and checks
// that the service came to no harm: every request answered right, its state equal to what the
// answers say, no socket lost, no zombie, every snapshot whole and with all of the program's
// objects. Prints pauses and latencies of both modes side by side, and why tries failed.
//
// With --busy the workers never rest: there is no good moment for a fork then, and only success
// after retries is asked for.

const { execFileSync, fork } = require('node:child_process');
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const os = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

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
  const file = path.join(directory, 'a.heapsnapshot');
  const options = JSON.stringify({
    captures,
    mode,
    objects: Number(values.objects),
    busy: values.busy,
    file,
  });
  const service = fork(path.join(__dirname, 'service.js'), [options], { execPath: node });
  const messages = listen(service);
  const { port } = await messages.next();
  const load = startLoad(port);
  const result = await messages.next();
  const served = await load.stop();
  service.send('exit');
  fs.rmSync(directory, { recursive: true, force: true });
  const harm = [...served.wrong];
  // The last answers may have come after the service reported.
  if (result.state.requests > served.digests.length) harm.push('requests without an answer');
  if (result.state.digest !== (served.digests[result.state.requests - 1] ?? '')) {
    harm.push('the state is not what the answers say');
  }
  if (result.lostSockets > 0) harm.push(`${result.lostSockets} sockets lost`);
  if (result.zombies !== '') harm.push(`children left: ${result.zombies}`);
  return { ...result, mode, captures, harm, latencies: served.latencies };
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
 * One request after the other, so that the order of the state's changes is known.
 *
 * @param {number} port
 */
function startLoad(port) {
  const agent = new http.Agent({ keepAlive: true });
  /** @type {string[]} */
  const digests = [];
  /** @type {string[]} */
  const wrong = [];
  /** @type {number[]} */
  const latencies = [];
  let running = true;
  const done = (async () => {
    for (let n = 0; running; n++) {
      const startedAt = performance.now();
      const answer = JSON.parse(await get(agent, port, `/work/${n}`));
      latencies.push(performance.now() - startedAt);
      const expected = createHash('sha256')
        .update(`${digests.at(-1) ?? ''}${n}`)
        .digest('hex');
      if (answer.n !== n || answer.sum !== 19900 || answer.digest !== expected) {
        wrong.push(`request ${n} was answered ${JSON.stringify(answer)}`);
      }
      digests.push(answer.digest);
    }
  })();
  return {
    async stop() {
      running = false;
      await done;
      agent.destroy();
      return { digests, wrong, latencies };
    },
  };
}

/**
 * @param {http.Agent} agent
 * @param {number} port
 * @param {string} url
 * @returns {Promise<string>}
 */
function get(agent, port, url) {
  return new Promise((resolve, reject) => {
    const request = http.get({ agent, port, host: '127.0.0.1', path: url }, (response) => {
      let body = '';
      response.on('data', (chunk) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    request.on('error', reject);
  });
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
  const captures = Number(values.captures);
  const rows = [];
  let failed = false;
  for (const node of values.node) {
    for (const [mode, count] of /** @type {const} */ ([
      ['fork', captures],
      ['inline', Number(values.inline)],
    ])) {
      const result = await soak(node, mode, count);
      const { firstTry, failures, retries, harm, pauses, latencies } = result;
      rows.push({
        node: version(node),
        mode,
        captures: count,
        'first try': firstTry,
        failures: failures.length,
        harm: harm.length,
        'heap MB': Math.round(result.heapMegabytes),
        'pause ms, median': percentile(pauses, 0.5).toFixed(1),
        'pause ms, max': percentile(pauses, 1).toFixed(1),
        requests: latencies.length,
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
