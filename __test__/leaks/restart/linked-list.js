'use strict';
/**
 * A linked list of 50,000, compared with another process.
 *
 * @restart
 * @leak name=history|latest class=Step|History kind=list
 */
// `history` is the variable with the list, `latest` the property with its newest step.
const { snapshot } = require('../harness');

class Step {
  constructor(text, before) {
    this.text = text;
    this.before = before;
  }
}
class History {
  latest = null;
  add(text) {
    this.latest = new Step(text, this.latest);
  }
}

const history = new History();

async function main() {
  for (let i = 0; i < 200; i++) history.add(`step ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 50_000; i++) history.add(`step ${i}`);
  await snapshot('current');
}
main();
