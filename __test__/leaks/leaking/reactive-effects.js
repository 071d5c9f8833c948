'use strict';
/**
 * Reactive state, as in Vue: effects are registered for a property of an object that stays, in a Set
 * in a Map in a WeakMap.
 *
 * @leak name=targets|dependencies|effects class=Set|Map|WeakMap kind=set|map|other
 */
const { snapshot } = require('../harness');

const targets = new WeakMap();
const settings = { theme: 'dark' };

function track(target, key, effect) {
  if (!targets.has(target)) targets.set(target, new Map());
  const dependencies = targets.get(target);
  if (!dependencies.has(key)) dependencies.set(key, new Set());
  dependencies.get(key).add(effect);
}

function render(page) {
  track(settings, 'theme', () => `${page.title} in ${settings.theme}`);
}

async function main() {
  for (let i = 0; i < 20; i++) render({ title: `Home ${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) render({ title: `Page ${i}`, widgets: [`w${i}`] });
  await snapshot('current');
  render({ title: settings.theme });
}
main();
