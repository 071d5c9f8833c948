const sessionsByToken = new Map(); // @here

export function remember(token) {
  // @here
  sessionsByToken.set(token, { token, startedAt: Date.now(), cart: [] });
}

export function forget(token) {
  // @here
  sessionsByToken.delete(token);
}
