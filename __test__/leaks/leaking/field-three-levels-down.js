'use strict';
/**
 * A field of an instance in an instance in an instance.
 *
 * @leak name=pending class=Array kind=array
 */
const { snapshot } = require('../harness');

class RetryPolicy {
  constructor() {
    this.pending = [];
  }
  later(job) {
    this.pending.push({ job, attempt: 1 });
  }
}
class OrderService {
  constructor() {
    this.retries = new RetryPolicy();
    this.shipped = 0;
  }
  ship(order) {
    this.shipped++;
    this.retries.later({ order, reason: 'no courier' });
  }
}
class Application {
  constructor() {
    this.name = 'shop';
    this.orders = new OrderService();
  }
}

const app = new Application();

async function main() {
  for (let i = 0; i < 40; i++) app.orders.ship({ id: i });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) app.orders.ship({ id: i });
  await snapshot('current');
}
main();
