'use strict';
/**
 * The next version has moved lines, more modules and more routes; the leak is the old one.
 *
 * @deploy
 * @leak name=tracked class=Map kind=map file=tracker.js
 */
const { track } = require('./lib/tracker');
const { snapshot } = require('../../../harness');

async function main() {
  for (let i = 0; i < 150; i++) track(`parcel-${i}`);
  await snapshot('baseline');
}
main();
