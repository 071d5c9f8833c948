'use strict';
/**
 * A subscription as an async generator whose consumer went away: its queue is still filled.
 *
 * @leak name=queue class=Array kind=array
 */
const { snapshot } = require('../harness');

const publishers = new Set();

async function* subscribe(topic) {
  const queue = [];
  let wake = () => {};
  publishers.add((message) => {
    queue.push({ topic, message });
    wake();
  });
  while (true) {
    while (queue.length > 0) yield queue.shift();
    await new Promise((resolve) => (wake = resolve));
  }
}

function publish(message) {
  for (const push of publishers) push(message);
}

async function main() {
  const messages = subscribe('orders');
  const first = messages.next();
  publish({ id: 0 });
  await first;
  for (let i = 0; i < 20; i++) publish({ id: i });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) publish({ id: i, text: `order ${i}` });
  await snapshot('current');
}
main();
