'use strict';
/**
 * A consumer that never ends keeps its results in a local variable. No closure captures it, so V8
 * has no name for it any more: it is a register of the suspended function.
 *
 * @leak name=/consume|^results$/ class=Array kind=array
 */
// Without the source, the function is all that can be named; with it, the variable could be.
const { EventEmitter, on } = require('node:events');
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const topic = new EventEmitter();
let consumed = 0;

// prettier-ignore
async function consume(source) { // @here
  const results = []; // @here
  for await (const [message] of on(source, 'message')) {
    results.push({ message, length: message.length });
    consumed = results.length;
  }
}

async function publish(count) {
  const target = consumed + count;
  for (let i = 0; i < count; i++) topic.emit('message', `message ${i}`);
  while (consumed < target) await sleep(1);
}

async function main() {
  consume(topic);
  await sleep(5);
  await publish(50);
  await snapshot('baseline');
  await publish(4_000);
  await snapshot('current');
}
main();
