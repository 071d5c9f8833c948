'use strict';
/**
 * A hundred actors, each with a mailbox in its closure that keeps what has been read. Only their timers and
 * listeners refer to them.
 *
 * @only
 * @leak name=mailbox class=Array kind=array
 */
const { EventEmitter } = require('node:events');
const { snapshot } = require('../harness');

const bus = new EventEmitter();
bus.setMaxListeners(0);

function spawn(id) {
  const mailbox = [];
  let next = 0;
  bus.on('message', (to, body) => {
    if (to === id) mailbox.push({ body, read: false });
  });
  setInterval(() => {
    while (next < mailbox.length) mailbox[next++].read = true;
  }, 5).unref();
}

async function main() {
  for (let i = 0; i < 100; i++) spawn(i);
  for (let i = 0; i < 200; i++) bus.emit('message', i % 100, `warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 8_000; i++) bus.emit('message', i % 100, `message ${i}`);
  await snapshot('current');
}
main();
