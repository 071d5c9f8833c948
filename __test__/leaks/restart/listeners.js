'use strict';
/**
 * Listeners on a bus, compared with another process.
 *
 * @restart
 * @leak name=_events.order class=OrderBus kind=listeners
 */
const { EventEmitter } = require('node:events');
const { snapshot } = require('../harness');

class OrderBus extends EventEmitter {}

const bus = new OrderBus();
bus.setMaxListeners(0);

function dashboard(user) {
  const orders = [];
  bus.on('order', (order) => orders.push({ user, order }));
}

async function main() {
  for (let i = 0; i < 20; i++) dashboard(`user ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) dashboard(`visitor ${i}`);
  await snapshot('current');
}
main();
