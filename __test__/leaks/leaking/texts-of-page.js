'use strict';
/**
 * One object with texts that are put together and become longer together.
 *
 * @leak name=html|styles|script class=String kind=strings
 * @only
 */
const { snapshot } = require('../harness');

class Page {
  html = ''; // @here
  styles = ''; // @here
  script = ''; // @here

  add(number) {
    this.html += `<p id="part${number}">${'text '.repeat(60)}</p>`;
    this.styles += `#part${number} { ${'color: red; '.repeat(30)} }`;
    this.script += `show('part${number}', '${'argument '.repeat(40)}');`;
  }
}

const page = new Page();

async function main() {
  for (let i = 0; i < 30; i++) page.add(i);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) page.add(i);
  await snapshot('current');
  page.add(0);
}
main();
