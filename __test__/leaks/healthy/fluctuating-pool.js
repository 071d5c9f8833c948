'use strict';
/**
 * A pool of connections that was smaller at the first snapshot than it is at the second, within its
 * limits, as a pool does.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

class Pool {
  idle = [];
  busy = new Set();

  acquire() {
    const connection = this.idle.pop() ?? {
      id: Math.random(),
      buffer: Buffer.alloc(1_024),
      stats: {},
    };
    this.busy.add(connection);
    return connection;
  }
  release(connection) {
    this.busy.delete(connection);
    if (this.idle.length < 25) this.idle.push(connection);
  }
}

const pool = new Pool();

function burst(size) {
  const taken = Array.from({ length: size }, () => pool.acquire());
  for (const connection of taken) pool.release(connection);
}

async function main() {
  burst(20);
  burst(16);
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) burst(5 + (i % 19));
  await snapshot('current');
}
main();
