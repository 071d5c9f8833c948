'use strict';
/**
 * Two lists that modules share by an index: so many ways lead to them that nothing but the global object
 * dominates them, which says nothing about whose they are.
 *
 * @leak name=events class=Array kind=array file=events.js
 * @leak name=errors class=Array kind=array file=errors.js
 */
const { snapshot } = require('../../harness');
const { errors, events } = require('./state');

function record(list, text) {
  list.push({ text, at: Date.now(), tags: ['web'] });
}

async function main() {
  for (let i = 0; i < 50; i++) record(events, `event ${i}`);
  for (let i = 0; i < 50; i++) record(errors, `error ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) record(events, `click ${i}`);
  for (let i = 0; i < 4_000; i++) record(errors, `failure ${i}`);
  await snapshot('current');
}
main();
