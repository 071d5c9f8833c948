'use strict';

const { render } = require('./lib/template');
const { remember } = require('./lib/recent');
const { route } = require('./lib/routes');
const { snapshot } = require('../../../harness');

async function main() {
  for (let i = 0; i < 600; i++) remember(route(`page ${i}`));
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) remember(render(route(`page ${i}`)));
  await snapshot('current');
}
main();
