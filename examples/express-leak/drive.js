'use strict';

/**
 * Drives one of the example's servers in a child process: requests, then the report.
 *
 * @typedef {import('../..').LeakReport} LeakReport
 */

const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');
const readline = require('node:readline');

/**
 * @param {string} file Name of the server's file in this folder.
 * @param {number} requests How many requests to `/bloatMyServer`.
 * @returns {Promise<{ text: string, report: LeakReport }>} What `/heapdump` answered, as text and as
 *   JSON: two diffs of the same live heap.
 */
async function drive(file, requests) {
  const child = spawn(process.execPath, [path.join(__dirname, file)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    const base = await firstUrl(child);
    for (let i = 0; i < requests; i++) await get(`${base}/bloatMyServer`);
    const text = await get(`${base}/heapdump`);
    const report = JSON.parse(await get(`${base}/heapdump?format=json`));
    return { text, report };
  } finally {
    child.kill();
    await exited;
  }
}

/** @param {import('node:child_process').ChildProcess} child */
async function firstUrl(child) {
  const output = /** @type {import('node:stream').Readable} */ (child.stdout);
  for await (const line of readline.createInterface({ input: output })) {
    const url = /http:\S+/.exec(line);
    if (url) return url[0];
  }
  throw new Error('the server ended before it listened');
}

/**
 * @param {string} url
 * @returns {Promise<string>}
 */
async function get(url) {
  const [response] = await once(http.get(url), 'response');
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode} ${body}`);
  return body;
}

module.exports = { drive };
