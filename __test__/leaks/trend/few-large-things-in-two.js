'use strict';

/**
 * Documents that were opened are kept, few and large, in two containers: neither of these retains them, and both
 * have had room for more from the beginning.
 *
 * @trend first second third fourth
 * @leak name=opened|byName class=Array|Map kind=array|map items=4:28
 * @only
 */
// Which of the two is named first is not decided.

const { snapshot } = require('../harness.js');

const opened = [];
const byName = new Map();

class Page {
  constructor(number) {
    this.number = number;
    this.text = Array.from({ length: 400 }, (_, line) => ({ line, text: `${number}/${line}` }));
  }
}

function open(name) {
  const pages = Array.from({ length: 10 }, (_, number) => new Page(number));
  const book = { name, pages };
  opened.push(book);
  byName.set(name, book);
}

async function main() {
  let number = 0;
  for (const [label, last] of [
    ['first', 4],
    ['second', 12],
    ['third', 20],
    ['fourth', 28],
  ]) {
    while (number < last) open(`book ${number++}`);
    await snapshot(label);
  }
}

main();
