'use strict';
/**
 * The class with the leaking field has moved from the program into a module of its own, and is used
 * through one more object than before.
 *
 * @deploy
 * @leak name=entries class=Array kind=array file=journal.js|main.js
 */
// The field is the Journal's, made in journal.js; the instance is in the scope of main.js.
const { snapshot } = require('../../../harness');

class Journal {
  entries = [];
  add(text) {
    this.entries.push({ text, at: Date.now() });
  }
}

const journal = new Journal();

async function main() {
  for (let i = 0; i < 100; i++) journal.add(`entry ${i}`);
  await snapshot('baseline');
}
main();
