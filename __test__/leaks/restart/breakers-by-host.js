'use strict';
/**
 * A circuit breaker for each host keeps the failures that it has seen. None of the lists is large, and
 * each has a way of its own: the names of hosts look like those of properties.
 *
 * @restart
 * @leak name=failures class=Array kind=array
 */
const { snapshot } = require('../harness');

class Breaker {
  failures = []; // @here

  constructor(host) {
    this.host = host;
  }

  record(failure) {
    this.failures.push(failure);
  }
}

const breakers = {};

function fail(host, attempt) {
  (breakers[host] ??= new Breaker(host)).record({ attempt, at: Date.now() });
}

async function main() {
  for (let i = 0; i < 200; i++) fail(`host${i % 40}`, i);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) fail(`host${i % 40}`, i);
  await snapshot('current');
}
main();
