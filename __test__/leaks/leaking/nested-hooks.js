'use strict';
/**
 * Hooks of a schema, in plain objects three levels down; they are added again with every request.
 *
 * @leak name=save class=Array kind=array
 */
const { snapshot } = require('../harness');

const schema = {
  name: 'Order',
  hooks: { pre: { save: [], remove: [] }, post: { save: [] } },
  pre(event, hook) {
    this.hooks.pre[event].push(hook);
  },
};

function handle(order) {
  schema.pre('save', function stamp(document) {
    document.savedAt = Date.now();
    document.order = order;
  });
}

async function main() {
  for (let i = 0; i < 20; i++) handle({ id: i });
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) handle({ id: i, lines: [{ sku: `s${i}` }] });
  await snapshot('current');
}
main();
