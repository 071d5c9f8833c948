'use strict';
/**
 * An immutable store: every action makes a new state with as many items as before, and the last 20
 * states are kept for undo.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const store = { state: { todos: [], version: 0 }, history: [] };

function dispatch(text) {
  const { todos, version } = store.state;
  store.history = [...store.history, store.state].slice(-20);
  store.state = { todos: [...todos.slice(-299), { text, done: false }], version: version + 1 };
}

async function main() {
  for (let i = 0; i < 800; i++) dispatch(`todo ${i}`);
  await snapshot('baseline');
  for (let i = 800; i < 5_000; i++) dispatch(`todo ${i}`);
  await snapshot('current');
  dispatch('last');
}
main();
