'use strict';
/**
 * A list that grows at its head: the head is a new object each time.
 *
 * @leak name=undoStack class=Object kind=list
 */
const { snapshot } = require('../harness');

let undoStack = null;

function record(change) {
  undoStack = { change, previous: undoStack };
}

async function main() {
  for (let i = 0; i < 100; i++) record({ at: i, text: `a${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 20_000; i++) record({ at: i, text: `typed ${i}` });
  await snapshot('current');
  console.log(undoStack.change.at);
}
main();
