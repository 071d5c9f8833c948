'use strict';
/**
 * Every subscription is a property under a fresh symbol.
 *
 * @leak name=subscriptions class=Object kind=object
 */
const { snapshot } = require('../harness');

const subscriptions = {};

function subscribe(topic) {
  const token = Symbol(topic);
  subscriptions[token] = { topic, since: Date.now() };
  return token;
}

async function main() {
  for (let i = 0; i < 20; i++) subscribe(`topic ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) subscribe(`room ${i}`);
  await snapshot('current');
}
main();
