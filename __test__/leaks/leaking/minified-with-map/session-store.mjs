const sessionsByToken = new Map();

export function remember(token) {
  // @here
  sessionsByToken.set(token, { token, startedAt: Date.now(), cart: [] });
}

export function forget(token) {
  // @here
  sessionsByToken.delete(token);
}
