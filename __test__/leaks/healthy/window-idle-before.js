'use strict';
/**
 * Who called in the last minutes: the oldest bucket is thrown away when a minute begins. Nobody had called
 * for a while before the baseline, so the window goes from nothing to what a busy hour has in it.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const MINUTES = 6;

/** Callers by minute, each Map in an object with the time it is of. */
class Callers {
  constructor() {
    this.minutes = [];
    for (let i = 0; i < MINUTES; i++) this.begin(i);
  }

  begin(at) {
    this.minutes.push({ at, calls: new Map() });
    if (this.minutes.length > MINUTES) this.minutes.shift();
  }

  record(address) {
    const { calls } = this.minutes[this.minutes.length - 1];
    calls.set(address, { address, count: (calls.get(address)?.count ?? 0) + 1 });
  }
}

const callers = new Callers();
const failures = Array.from({ length: MINUTES }, () => new Set());

function minute(at, calls) {
  callers.begin(at);
  failures[at % MINUTES] = new Set();
  for (let i = 0; i < calls; i++) {
    callers.record(`10.${at}.0.${i}`);
    failures[at % MINUTES].add({ at, text: `no answer ${i}` });
  }
}

async function main() {
  for (let at = 0; at < 20; at++) minute(at, at < 10 ? 300 : 0);
  await snapshot('baseline');
  for (let at = 20; at < 40; at++) minute(at, at < 39 ? 0 : 900);
  await snapshot('current');
}
main();
