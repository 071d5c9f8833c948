'use strict';
/**
 * A few pages are rendered, each in a realm of its own, and kept: few items, and each of them large.
 * Node refers to the realms as well.
 *
 * @only
 * @leak name=pages class=Array kind=array
 */
const vm = require('node:vm');
const { snapshot } = require('../harness');

const pages = [];

const script = new vm.Script(`
  var rows = [];
  for (let i = 0; i < 400; i++) rows.push({ row: i, cells: ['a' + i, 'b' + i] });
`);

function render(path) {
  const page = vm.createContext({ location: { path } });
  script.runInContext(page);
  pages.push({ path, window: vm.runInContext('globalThis', page) });
}

async function main() {
  for (let i = 0; i < 3; i++) render(`/warm/${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 16; i++) render(`/page/${i}`);
  await snapshot('current');
}
main();
