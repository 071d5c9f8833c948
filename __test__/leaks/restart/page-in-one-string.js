'use strict';
/**
 * One string grows, compared with another process: there is no more of anything, it is larger.
 *
 * @restart
 * @leak name=html class=String kind=strings
 */
const { snapshot } = require('../harness');

class Page {
  html = '';
  write(part) {
    this.html += part;
  }
}
const page = new Page();

async function main() {
  for (let i = 0; i < 20; i++) page.write(`<li>${i}</li>`);
  await snapshot('baseline');
  for (let i = 0; i < 30_000; i++) page.write(`<li class="item-${i}">entry ${i}</li>`);
  page.html.charCodeAt(5);
  await snapshot('current');
}
main();
