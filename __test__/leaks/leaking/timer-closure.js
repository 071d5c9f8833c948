'use strict';
/**
 * One interval with a growing array in the scope of the function that started it.
 *
 * @leak name=samples class=Array kind=array
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

function startCollector() {
  const samples = []; // @here
  const timer = setInterval(() => {
    // @here
    for (let i = 0; i < 200; i++)
      samples.push({ i, rss: process.uptime(), label: `sample ${samples.length}` });
  }, 5);
  return () => [timer, samples.length];
}

const collected = startCollector();

async function main() {
  await sleep(20);
  await snapshot('baseline');
  const [, before] = collected();
  while (collected()[1] - before < 4_000) await sleep(5);
  clearInterval(collected()[0]);
  await snapshot('current');
}
main();
