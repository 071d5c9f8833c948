'use strict';
/**
 * Large documents are rendered, sliced and parsed; none is kept but the last.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

let lastPage = '';

function render(i) {
  let page = '<ul>';
  for (let n = 0; n < 200; n++) page += `<li>${i} ${n}</li>`;
  lastPage = `${page}</ul>`;
  return JSON.parse(JSON.stringify({ page: lastPage, words: lastPage.split('>') })).words.length;
}

async function main() {
  for (let i = 0; i < 50; i++) render(i);
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) render(i);
  await snapshot('current');
}
main();
