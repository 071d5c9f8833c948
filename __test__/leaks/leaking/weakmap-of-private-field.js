'use strict';
/**
 * What a compiler makes of a private field: a WeakMap from the instance, which by itself is easy to reach.
 *
 * @leak name=_profiles class=Object kind=object
 */
const { snapshot } = require('../harness');

function define() {
  const _profiles = new WeakMap(); // @here
  class Recommender {
    constructor() {
      _profiles.set(this, {});
    }

    learn(user, page) {
      (_profiles.get(this)[user] ??= { name: `profile of ${user}`, pages: [] }).pages.push(page);
    }
  }
  return { services: { shop: { Recommender } } };
}

const modules = define();
const container = { instance: new modules.services.shop.Recommender() };
globalThis.container = container;

async function main() {
  for (let i = 0; i < 200; i++) container.instance.learn(`user ${i}`, '/');
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) container.instance.learn(`customer ${i}`, '/');
  await snapshot('current');
}
main();
