'use strict';
/**
 * Reactive state: a Proxy before a plain object that grows.
 *
 * @leak name=state|target class=Object|Proxy kind=object|other
 */
// `state` is the proxy, `target` the object behind it.
const { snapshot } = require('../harness');

function reactive(target) {
  let version = 0;
  return new Proxy(target, {
    set(object, key, value) {
      version++;
      object[key] = value;
      return version > 0;
    },
  });
}

const state = reactive({});

function patch(key, value) {
  state[key] = value;
}

async function main() {
  for (let i = 0; i < 50; i++) patch(`cell${i}`, { value: i });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) patch(`sheet1!R${i}C1`, { value: i, formula: `=A${i}` });
  await snapshot('current');
}
main();
