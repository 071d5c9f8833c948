'use strict';
/**
 * A store of reducers whose parts are copied key by key: `items` of the feed grow, and never are removed. A log
 * is told the same words.
 *
 * @only
 * @leak name=items class=Array kind=array
 */
const { snapshot } = require('../harness');

const initial = { items: [], errors: [] }; // @here

const counts = {};

function count(what, how) {
  counts[`${what}:${how}`] = (counts[`${what}:${how}`] ?? 0) + 1;
}

/** A copy that is built key by key, as libraries of immutable data make them. */
function copy(state) {
  const next = {};
  for (const key of Object.keys(state)) next[key] = state[key];
  return next;
}

function feed(state, action) {
  if (action.type !== 'post') return state;
  count('items', action.type);
  return copy({ ...state, items: [...state.items, action.post] });
}

function createStore(reducer) {
  let state = initial;
  return { dispatch: (action) => (state = reducer(state, action)), getState: () => state };
}

const store = createStore(feed);
const post = (id) => store.dispatch({ type: 'post', post: { id, text: `Post ${id}` } });

async function main() {
  for (let i = 0; i < 20; i++) post(i);
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) post(i);
  await snapshot('current');
}
main();
