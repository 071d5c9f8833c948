'use strict';
/**
 * What leads to the scope of the program is a call that waits: for one thing in the first process, and
 * for another, behind more calls, in the second.
 *
 * @restart
 * @leak name=orders class=Array kind=array
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const orders = [];
const place = (id) => orders.push({ id, lines: [id, id + 1] });

async function inTurn(depth, work) {
  if (depth > 0) return inTurn(depth - 1, work);
  await sleep(1);
  await work();
}

async function main() {
  for (let i = 0; i < 50; i++) place(i);
  await snapshot('baseline');
  await inTurn(3, async () => {
    for (let i = 0; i < 2_000; i++) place(i);
    await snapshot('current');
  });
}
main();
