export const sessions = new Map();

export function open(visitor) {
  const session = { visitor, startedAt: Date.now(), cart: [], flash: null };
  sessions.set(visitor, session);
  return session;
}
