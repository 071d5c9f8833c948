'use strict';
/**
 * A getter is defined for each label that is asked for.
 *
 * @leak name=translations class=Object kind=object items=30:2030
 */
const { snapshot } = require('../harness');

const translations = {};
function define(key) {
  Object.defineProperty(translations, key, {
    configurable: true,
    enumerable: true,
    get: () => key.toUpperCase(),
  });
}
async function main() {
  for (let i = 0; i < 30; i++) define(`w${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 2000; i++) define(`label.${i}.title`);
  await snapshot('current');
}
main();
