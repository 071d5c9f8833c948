'use strict';
/**
 * A bundler gives each chunk a name with a hash. The leak is in one, and so is a list that is as long as before.
 *
 * @deploy
 * @leak name=seen class=Array kind=array file=chunk.77be02.js items=300:6000
 */
const { track } = require('./chunks/chunk.8f3a1c');
const { snapshot } = require('../../../harness');

async function main() {
  for (let i = 0; i < 300; i++) track({ i });
  await snapshot('baseline');
}
main();
