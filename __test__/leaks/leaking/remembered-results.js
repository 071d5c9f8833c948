'use strict';
/**
 * A package remembers all results of a function: in two lists in a scope of its own, that grow in step.
 *
 * @leak name=render class=Function kind=array
 * @only
 */
const { remember } = require('remember');
const { snapshot } = require('../harness');

const render = remember((user) => ({ html: `<b>${user.name}</b>`, roles: ['guest'] })); // @here

async function main() {
  for (let i = 0; i < 30; i++) render({ name: `warm${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) render({ name: `user${i}` });
  await snapshot('current');
}
main();
