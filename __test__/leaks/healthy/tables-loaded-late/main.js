'use strict';
/**
 * A module with a few large tables, for one charset each, is loaded after the baseline: more than all the rest.
 *
 * @healthy
 */
const { snapshot } = require('../../harness');

async function main() {
  await snapshot('baseline');
  require('./charsets').decode('1252', 'text');
  await snapshot('current');
}
main();
