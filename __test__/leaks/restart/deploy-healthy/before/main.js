'use strict';
/**
 * The next version is larger: two modules more, a route table, a template. Nothing leaks.
 *
 * @deploy
 * @healthy
 */
const { remember } = require('./lib/recent');
const { snapshot } = require('../../../harness');

async function main() {
  for (let i = 0; i < 600; i++) remember(`page ${i}`);
  await snapshot('baseline');
}
main();
