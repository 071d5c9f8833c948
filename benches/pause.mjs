#!/usr/bin/env node
// How long a server stands still for a capture, and what its clients notice of it: fork and inline, in one run.
//
//     npm run bench:pause
//     npm run bench:pause -- --heaps=200 --forks=5 --whole=1 --node=PATH --no-record

import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sourceFacts } from './facts.mjs';

const benches = fileURLToPath(new URL('.', import.meta.url));
const { values: options } = parseArgs({
  options: {
    heaps: { type: 'string', default: '200,650' },
    forks: { type: 'string', default: '20' },
    whole: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    'no-record': { type: 'boolean', default: false },
  },
});

/** Bytes of heap per session of `service.cjs`. */
const BYTES_PER_SESSION = 238;
/** Requests per second. They are sent by the clock and not after the answer, so that a standstill is felt by all who meet it. */
const REQUESTS_PER_SECOND = 200;
/** The pause that is allowed, by megabytes of heap. */
const TARGET_MS = { 200: 50, 650: 150 };
/** Whole captures take long, so that fewer have to do. */
const WHOLE = { 200: 2, 650: 1 };

const percentile = (numbers, share) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(Math.floor(sorted.length * share), sorted.length - 1)] ?? NaN;
};
const median = (numbers) => percentile(numbers, 0.5);

async function measure(megabytes) {
  const sessions = Math.round((megabytes * 1e6) / BYTES_PER_SESSION);
  const service = fork(path.join(benches, 'pause-service.cjs'), [String(sessions)], {
    execPath: options.node,
    execArgv: ['--max-old-space-size=8000'],
  });
  const [{ port }] = await once(service, 'message');
  const ask = async (work) => {
    const load = startLoad(port);
    service.send(work);
    const [answer] = await once(service, 'message');
    const pause = answer.info?.pauseMs.toFixed(1) ?? '';
    process.stderr.write(`  ${megabytes} MB, ${work}: ${pause} ms\n`);
    return { ...answer, ...(await load.stop()) };
  };
  await ask('idle'); // The code is compiled now.
  const whole = Number(options.whole ?? WHOLE[megabytes] ?? 1);
  const counts = { idle: 1, 'fork only': Number(options.forks), fork: whole, inline: whole };
  const rounds = {};
  for (const [work, count] of Object.entries(counts)) {
    rounds[work] = [];
    for (let round = 0; round < count; round += 1) rounds[work].push(await ask(work));
  }
  service.kill();
  await once(service, 'exit');
  return summary(rounds, TARGET_MS[megabytes]);
}

function summary(rounds, targetMs) {
  const { heapBytes, rssBytes } = rounds.idle[0];
  const modes = {};
  for (const [mode, answers] of Object.entries(rounds)) {
    if (answers.length === 0) continue;
    const latencies = answers.flatMap((answer) => answer.latencies);
    const failed = answers.reduce((sum, answer) => sum + answer.failed, 0);
    const of = (key) => answers.map((answer) => answer.info?.[key]).filter((x) => x !== undefined);
    const parts = of('fork');
    modes[mode] = {
      captures: answers.length,
      pauseMs: { median: median(of('pauseMs')), max: percentile(of('pauseMs'), 1) },
      loopMs: {
        median: median(answers.map((answer) => answer.loopMs)),
        max: percentile(
          answers.map((answer) => answer.loopMs),
          1,
        ),
      },
      totalMs: median(of('totalMs')),
      ...(parts.length > 0 && {
        parts: Object.fromEntries(
          Object.keys(parts[0]).map((part) => [part, median(parts.map((one) => one[part]))]),
        ),
      }),
      requests: latencies.length,
      failed,
      latencyMs: {
        p50: median(latencies),
        p99: percentile(latencies, 0.99),
        max: percentile(latencies, 1),
      },
    };
  }
  return { heapBytes, rssBytes, targetMs, modes };
}

/** Requests by the clock. A latency is counted from when the request was due. */
function startLoad(port) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const latencies = [];
  let failed = 0;
  const open = new Set();
  const startedAt = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = ((performance.now() - startedAt) * REQUESTS_PER_SECOND) / 1000;
    for (; sent < due; sent += 1) {
      const dueAt = startedAt + (sent * 1000) / REQUESTS_PER_SECOND;
      // A server that stands still for longer than it keeps connections open drops them.
      const done = get(agent, port)
        .catch(() => (failed += 1))
        .then(() => latencies.push(performance.now() - dueAt));
      open.add(done);
      done.finally(() => open.delete(done));
    }
  }, 1);
  return {
    async stop() {
      clearInterval(timer);
      await Promise.all(open);
      agent.destroy();
      return { latencies, failed };
    },
  };
}

function get(agent, port) {
  return new Promise((resolve, reject) => {
    const request = http.get({ agent, port, host: '127.0.0.1', path: '/' }, (response) => {
      response.resume();
      response.on('end', resolve);
    });
    request.on('error', reject);
  });
}

function markdown({ date, commit, node, cpu, cores, loadBefore, heaps }) {
  const lines = [
    `# Pause of a capture, ${date.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    `Commit ${commit}. Node.js ${node}, ${cores} cores (${cpu}), load ${loadBefore.toFixed(1)} at the start.`,
    `${REQUESTS_PER_SECOND} requests per second, sent by the clock. Milliseconds.`,
    '',
    '| heap (resident) | mode | captures | pause, median | pause, max | target | event loop late by, median | max | whole capture | request p50 | p99 | max | connections lost |',
    '|---|---|---|---|---|---|---|---|---|---|---|---|---|',
  ];
  const ms = (number) => (Number.isFinite(number) ? number.toFixed(number < 100 ? 1 : 0) : '');
  const mb = (bytes) => `${Math.round(bytes / 1e6)} MB`;
  for (const { heapBytes, rssBytes, targetMs, modes } of heaps) {
    for (const [mode, one] of Object.entries(modes)) {
      const target = mode.startsWith('fork') && targetMs ? `< ${targetMs}` : '';
      const { pauseMs, loopMs, latencyMs } = one;
      lines.push(
        `| ${mb(heapBytes)} (${mb(rssBytes)}) | ${mode} | ${mode === 'idle' ? '' : one.captures} | ${ms(pauseMs.median)} | ${ms(pauseMs.max)} | ${target} | ` +
          `${ms(loopMs.median)} | ${ms(loopMs.max)} | ${ms(one.totalMs)} | ${ms(latencyMs.p50)} | ${ms(latencyMs.p99)} | ${ms(latencyMs.max)} | ${one.failed} |`,
      );
    }
  }
  lines.push(
    '',
    'What the pause of a fork consists of, medians:',
    '',
    '| heap | mappings | find and let in | fork: page tables | take out again |',
    '|---|---|---|---|---|',
  );
  for (const { heapBytes, modes } of heaps) {
    const { mappings, findMs, forkMs, restoreMs } = modes['fork only'].parts;
    lines.push(
      `| ${mb(heapBytes)} | ${mappings} | ${ms(findMs)} | ${ms(forkMs)} | ${ms(restoreMs)} |`,
    );
  }
  return `${lines.join('\n')}\n`;
}

const record = { ...sourceFacts(options.node), heaps: [] };
for (const megabytes of options.heaps.split(',').map(Number))
  record.heaps.push(await measure(megabytes));
const text = markdown(record);
console.log(text);
if (!options['no-record']) {
  const stem = path.join(
    benches,
    'records',
    `${record.date.slice(0, 16).replace(/[:T]/g, '-')}-pause`,
  );
  fs.writeFileSync(`${stem}.json`, `${JSON.stringify(record, null, 2)}\n`);
  fs.writeFileSync(`${stem}.md`, text);
}
const missed = record.heaps.filter(
  ({ targetMs, modes }) => targetMs && modes['fork only'].pauseMs.median >= targetMs,
);
process.exitCode = missed.length > 0 ? 1 : 0;
