'use strict';
/**
 * A channel per task; its ports are never closed. Only their handles hold them.
 *
 * @leak name=MessagePort|runTask class=MessagePort kind=instances|listeners file=*
 */
const { MessageChannel } = require('node:worker_threads');
const { snapshot } = require('../harness');

function runTask(task) {
  const { port1, port2 } = new MessageChannel();
  port1.on('message', (answer) => (task.answer = answer));
  port2.on('message', (question) => port2.postMessage(question * 2));
  port1.postMessage(task.id);
}

async function main() {
  for (let i = 0; i < 5; i++) runTask({ id: i });
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) runTask({ id: i, payload: new Array(20).fill(i) });
  await snapshot('current');
}
main();
