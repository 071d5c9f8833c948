'use strict';
/**
 * A cache whose entries expire; as many as at the baseline are alive at the second snapshot.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const answers = new Map();
let clock = 0;

function remember(i) {
  clock++;
  answers.set(`question ${i}`, { answer: `answer ${i}`, until: clock + 1_000 });
  for (const [question, { until }] of answers) {
    if (until > clock) break;
    answers.delete(question);
  }
}

async function main() {
  for (let i = 0; i < 2_500; i++) remember(i);
  await snapshot('baseline');
  for (let i = 2_500; i < 15_000; i++) remember(i);
  await snapshot('current');
}
main();
