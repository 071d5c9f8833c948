'use strict';
/**
 * A topic knows its followers by weak references. When one is collected, a callback takes its reference out of
 * the topic, and unregisters what was to be done if the topic had gone first. When a snapshot is taken, thousands
 * of callbacks have not run.
 *
 * @healthy
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

const prices = { name: 'prices', followers: new Set() };

const ofTopics = new FinalizationRegistry(({ reference }) => reference.deref()?.end());
const ofFollowers = new FinalizationRegistry(({ topic, reference }) => {
  topic.followers.delete(reference);
  ofTopics.unregister(reference);
});

class Follower {
  constructor(topic) {
    const reference = new WeakRef(this);
    topic.followers.add(reference);
    ofFollowers.register(this, { topic, reference });
    ofTopics.register(topic, { reference }, reference);
  }

  end() {
    this.hasEnded = true;
  }
}

async function main() {
  for (let i = 0; i < 20; i++) new Follower(prices);
  await sleep(20);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) new Follower(prices);
  await snapshot('current');
}
main();
