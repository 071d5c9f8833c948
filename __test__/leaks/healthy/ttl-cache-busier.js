'use strict';
/**
 * Caches whose entries expire, with more load than at the baseline. None of the entries of then is left.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const answers = new Map();
const flags = Object.create(null);
const seen = new Set();
let clock = 0;

function remember(i, lifetime) {
  clock++;
  const seenAt = { until: clock + lifetime };
  seen.add(seenAt);
  answers.set(`question ${i}`, { answer: `answer ${i}`, until: clock + lifetime });
  flags[`flag ${i}`] = { until: clock + lifetime };
  for (const [question, { until }] of answers) {
    if (until > clock) break;
    answers.delete(question);
  }
  for (const entry of seen) {
    if (entry.until > clock) break;
    seen.delete(entry);
  }
  for (const flag in flags) {
    if (flags[flag].until > clock) break;
    delete flags[flag];
  }
}

async function main() {
  for (let i = 0; i < 2_500; i++) remember(i, 700);
  await snapshot('baseline');
  for (let i = 2_500; i < 15_000; i++) remember(i, 1_200);
  await snapshot('current');
}
main();
