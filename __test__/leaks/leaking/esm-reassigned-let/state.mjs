export let history = []; // @here

export function dispatch(action) {
  history = [...history, action];
}
