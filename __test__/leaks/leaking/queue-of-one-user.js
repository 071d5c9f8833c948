'use strict';
/**
 * A dictionary of 100 queues by user name; that of one user is never worked off.
 *
 * @leak name=queues class=Array kind=array items=3:1503
 */
const { snapshot } = require('../harness');
const names = Array.from(
  { length: 100 },
  (_, i) => `user${String.fromCharCode(97 + (i % 26))}${i}`,
);
class Broker {
  queues = Object.fromEntries(names.map((name) => [name, []]));
  push(name, job) {
    this.queues[name].push(job);
  }
}
const broker = new Broker();
async function main() {
  for (let i = 0; i < 3; i++) for (const name of names) broker.push(name, { i });
  await snapshot('baseline');
  for (let i = 0; i < 1500; i++) broker.push(names[7], { i, body: `b${i}` });
  await snapshot('current');
}
main();
