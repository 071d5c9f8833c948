'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { before, describe, it } = require('node:test');

const { drive } = require('../examples/express-leak/drive');

const REQUESTS = 20;
const EXAMPLE = path.join(__dirname, '..', 'examples', 'express-leak');

/** @typedef {Awaited<ReturnType<typeof drive>>} Answer */

describe('an Express server that leaks', () => {
  /** @type {Answer} */
  let answer;
  before(async () => {
    answer = await drive('leaky-server.js', REQUESTS);
  });

  it('is told so, and the variable is named', () => {
    const [suspect] = answer.report.suspects;
    assert.equal(answer.report.verdict, 'leak');
    assert.equal(suspect.name, 'leaks');
    assert.equal(suspect.className, 'Array');
    assert.equal(suspect.kind, 'array');
  });

  it('is led to the file and to the line of the variable, or of the handler that captures it', () => {
    const { source } = answer.report.suspects[0];
    const file = path.join(EXAMPLE, 'leaky-server.js');
    const lines = fs.readFileSync(file, 'utf8').split('\n');
    assert.equal(source?.url, file);
    assert.match(lines[Number(source?.line) - 1], /const leaks|\/bloatMyServer/);
  });

  it('gets the elements before and after, in all and per request', () => {
    const { growth } = answer.report.suspects[0];
    assert.deepEqual(growth.items, { before: 0, after: REQUESTS * 10_000 });
    assert.equal(growth.perWork?.items, 10_000);
    // Eight bytes a slot, and V8 grows a backing store by half ahead of need.
    const slots = REQUESTS * 10_000 * 8;
    assert.ok(growth.retainedBytes >= slots && growth.retainedBytes < slots * 1.6);
  });

  it('has no other suspect', () => {
    assert.equal(answer.report.suspects.length, 1);
  });

  it('reads it as text', () => {
    assert.match(answer.text, /^LEAK {2}`leaks` \(Array\)/);
    assert.match(answer.text, /leaky-server\.js:\d+/);
    assert.match(answer.text, /0 → 200,000 elements/);
  });
});

describe('the same server, with the array inside the handler', () => {
  it('has no leak', async () => {
    const { report, text } = await drive('fixed-server.js', REQUESTS);
    assert.deepEqual(report.suspects, []);
    assert.equal(report.verdict, 'no-leak');
    assert.match(text, /^no leak/);
  });
});
