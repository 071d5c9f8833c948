'use strict';
/**
 * An interpreter that enters scopes and never leaves them: each inherits from the one before, and has a hidden class of its own,
 * so that most of the memory is V8's.
 *
 * @only
 * @leak name=scope class=Object kind=list
 */
const { snapshot } = require('../harness');

let scope = { depth: 0 }; // @here

function enter(depth) {
  scope = Object.create(scope);
  scope.depth = depth;
  scope.names = [`name ${depth}`];
}

async function main() {
  for (let i = 1; i < 30; i++) enter(i);
  await snapshot('baseline');
  for (let i = 30; i < 1000; i++) enter(i);
  await snapshot('current');
}
main();
