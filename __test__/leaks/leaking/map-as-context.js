'use strict';
/**
 * The store of an AsyncLocalStorage is a Map that grows; nothing else has it.
 *
 * @leak name=context class=Map kind=map
 */
const { AsyncLocalStorage } = require('node:async_hooks');
const { snapshot } = require('../harness');

const context = new AsyncLocalStorage();

function note(from, to) {
  for (let i = from; i < to; i++) {
    context.getStore().set(`key ${i}`, { i, rows: new Array(30).fill(i) });
  }
}

context.run(new Map(), async () => {
  note(0, 40);
  await snapshot('baseline');
  note(40, 740);
  await snapshot('current');
});
