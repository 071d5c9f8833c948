export let history = [];

export function dispatch(action) {
  history = [...history, action];
}
