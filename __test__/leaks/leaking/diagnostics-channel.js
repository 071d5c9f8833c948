'use strict';
/**
 * A subscriber to a diagnostics channel per client that is made.
 *
 * @leak name=_subscribers class=Array kind=array|listeners|closures
 */
// An array of callbacks on a channel of Node's class ActiveChannel.
const diagnostics = require('node:diagnostics_channel');
const { snapshot } = require('../harness');

const queries = diagnostics.channel('scenario.query');

class Client {
  constructor(name) {
    this.name = name;
    this.slow = [];
    queries.subscribe((query) => {
      if (query.ms > 100) this.slow.push(query);
    });
  }
}

async function main() {
  for (let i = 0; i < 10; i++) new Client(`warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) new Client(`client-${i}`);
  queries.publish({ ms: 5 });
  await snapshot('current');
}
main();
