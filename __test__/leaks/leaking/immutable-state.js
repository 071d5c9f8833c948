'use strict';
/**
 * A reducer's state tree: each action makes a new state and a new `notifications` array.
 *
 * @leak name=notifications class=Array kind=array
 */
const { snapshot } = require('../harness');

function reduce(state, action) {
  if (action.type !== 'notify') return state;
  return { ...state, notifications: [...state.notifications, action.notification] };
}

function createStore() {
  let state = { user: 'root', settings: { theme: 'dark' }, notifications: [] };
  return {
    dispatch: (action) => (state = reduce(state, action)),
    getState: () => state,
  };
}

const store = createStore();
const notify = (i) =>
  store.dispatch({
    type: 'notify',
    notification: { id: i, text: `You have ${i} messages`, read: false },
  });

async function main() {
  for (let i = 0; i < 20; i++) notify(i);
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) notify(i);
  await snapshot('current');
}
main();
