'use strict';
/**
 * Private fields all the way down.
 *
 * @leak name=#undo class=Array kind=array
 */
const { snapshot } = require('../harness');

class History {
  #undo = [];
  record(step) {
    this.#undo.push(step);
  }
}
class Document {
  #history = new History();
  #text = '';
  type(text) {
    this.#text = text;
    this.#history.record({ text, at: performance.now() });
  }
}
class Workspace {
  #document = new Document();
  type(text) {
    this.#document.type(text);
  }
}

const workspace = new Workspace();

async function main() {
  for (let i = 0; i < 10; i++) workspace.type(`draft ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) workspace.type(`revision ${i}`);
  await snapshot('current');
}
main();
