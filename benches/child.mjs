// Runs one program of `tools/` in a process of its own and measures it from outside.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A program that needs longer is reported as "needs more than 10 minutes". */
const TIME_LIMIT_MS = 600_000;

/**
 * @typedef {{wallMs: number, cpuMs: number, peakKiB: number, timings?: any, edges?: number, eventLoop?: any, cancel?: any, live?: any, call?: any, facts?: any}} Run
 */

/**
 * @param {string} tool Name of a file in `tools/`.
 * @param {{base: string, current: string}} pair
 * @param {{facts?: boolean, flags?: string[], node?: string}} [options] `facts`: let it say what it found; do not use its time
 *   then. `node`: another Node.js than this one.
 * @returns {Promise<Run | {failed: string}>} Wall time from the start of the process to its end, and its peak resident set.
 */
export function runTool(tool, pair, { facts = false, flags = [], node = process.execPath } = {}) {
  const program = fileURLToPath(new URL(`./tools/${tool}.mjs`, import.meta.url));
  // Room for the rivals' objects on the JavaScript heap; a process that needs little does not take it.
  const args = ['--max-old-space-size=14000', program, pair.base, pair.current, ...flags];
  if (facts) args.push('--facts');
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(node, args, { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] });
    let [answer, complaint] = ['', ''];
    child.stdio[3].on('data', (chunk) => (answer += chunk));
    child.stderr.on('data', (chunk) => (complaint = (complaint + chunk).slice(-2000)));
    const timer = setTimeout(() => child.kill('SIGKILL'), TIME_LIMIT_MS);
    let wallMs = 0;
    child.on('exit', () => (wallMs = performance.now() - started));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (wallMs >= TIME_LIMIT_MS) resolve({ failed: 'needs more than 10 minutes' });
      else if (code !== 0 || answer === '') resolve({ failed: reason(code, signal, complaint) });
      else resolve({ wallMs, ...JSON.parse(answer) });
    });
  });
}

function reason(code, signal, complaint) {
  const line = complaint.split('\n').find((text) => /error|fatal|panic/i.test(text)) ?? '';
  return `${signal ?? `status ${code}`} ${line.trim().slice(0, 120)}`.trim();
}
