'use strict';
/**
 * Each reload of the plugins wraps the API once more, in a Proxy around the Proxy of the reload before.
 *
 * @only
 * @leak name=api class=Proxy kind=list
 */
const { snapshot } = require('../harness');

let api = { send: (text) => text.length }; // @here

function reload(id) {
  const calls = [id];
  api = new Proxy(api, {
    get(target, name) {
      calls[0] = name;
      return target[name];
    },
  });
}

async function main() {
  for (let i = 0; i < 30; i++) reload(i);
  await snapshot('baseline');
  for (let i = 30; i < 1500; i++) reload(i);
  await snapshot('current');
  if (!api) throw new Error('it is used');
}
main();
