'use strict';
/**
 * A list that is copied at every change: it is another array at each snapshot.
 *
 * @trend baseline second third current
 * @leak name=todos class=Array kind=array
 */
const { snapshot } = require('../harness');

const app = { title: 'todo', todos: [] };

function add(text) {
  app.todos = [...app.todos, { text, done: false }];
}

async function main() {
  for (const label of ['baseline', 'second', 'third', 'current']) {
    for (let i = 0; i < 700; i++) add(`${label} ${i}`);
    await snapshot(label);
  }
}
main();
