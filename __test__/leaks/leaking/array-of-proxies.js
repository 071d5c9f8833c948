'use strict';

/**
 * Rows that notice when they are changed are kept once they are removed. A `Proxy` is a part of V8's own in a
 * snapshot, as is the `undefined` that room of arrays is filled with.
 *
 * @leak name=removed class=Array kind=array items=10:410
 * @only
 */

const { snapshot } = require('../harness.js');

const changed = new Set();
const noticing = {
  set(row, property, value) {
    changed.add(property);
    row[property] = value;
    return true;
  },
};

const removed = []; // @here

function remove(number) {
  const row = new Proxy({ number, title: '', until: 0 }, noticing);
  row.title = `row ${number}`;
  removed.push(row);
}

async function main() {
  for (let number = 0; number < 10; number++) remove(number);
  await snapshot('baseline');
  for (let number = 10; number < 410; number++) remove(number);
  await snapshot('current');
}

main();
