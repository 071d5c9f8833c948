'use strict';
/**
 * A route's module is required by its first request, after the baseline; then it keeps every draft.
 *
 * @leak name=drafts class=Map kind=map file=drafts.js
 */
const { snapshot } = require('../../harness');

const routes = { '/draft': () => require('./drafts') };

async function main() {
  await snapshot('baseline');
  for (let i = 0; i < 900; i++) routes['/draft']().save(i);
  await snapshot('current');
}
main();
