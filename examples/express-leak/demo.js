'use strict';

/**
 * `npm run demo`: the leaky server and the fixed one, each asked over HTTP what leaks. The exit code
 * is 1 if either answer is wrong.
 */

const assert = require('node:assert/strict');
const { drive } = require('./drive');

const REQUESTS = 20;

async function main() {
  console.log(
    `\n$ node leaky-server.js   (${REQUESTS} x GET /bloatMyServer, then GET /heapdump)\n`,
  );
  const leaky = await drive('leaky-server.js', REQUESTS);
  console.log(leaky.text);
  console.log(`\n$ node fixed-server.js   (the same)\n`);
  const fixed = await drive('fixed-server.js', REQUESTS);
  console.log(fixed.text);
  check(leaky.report, fixed.report);
  console.log('\nBoth answers are right.');
}

/**
 * @param {import('../..').LeakReport} leaky
 * @param {import('../..').LeakReport} fixed
 */
function check(leaky, fixed) {
  assert.equal(leaky.verdict, 'leak');
  const [suspect] = leaky.suspects;
  assert.equal(suspect.name, 'leaks');
  assert.equal(suspect.className, 'Array');
  assert.match(String(suspect.source?.url), /leaky-server\.js$/);
  assert.deepEqual(suspect.growth.items, { before: 0, after: REQUESTS * 10_000 });
  assert.equal(fixed.verdict, 'no-leak');
  assert.deepEqual(fixed.suspects, []);
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
