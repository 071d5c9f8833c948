'use strict';
/**
 * Clients that are never taken out, while a broadcast goes through them and waits for each.
 *
 * @leak name=#clients|clients class=Set kind=set
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

class Hub {
  #clients = new Set();

  add(client) {
    this.#clients.add(client);
  }

  async broadcast(message) {
    for (const client of this.#clients) await client.send(message);
  }
}

const hub = new Hub();

function connect(from, to) {
  for (let id = from; id < to; id++) {
    hub.add({ id, queue: new Array(50).fill(id), send: () => sleep(30_000) });
  }
}

async function main() {
  connect(0, 30);
  await snapshot('baseline');
  connect(30, 1_500);
  hub.broadcast('news');
  await snapshot('current');
  connect(0, 1);
}
main();
