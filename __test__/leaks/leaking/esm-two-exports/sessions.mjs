export const sessions = []; // @here

export function open(visitor) {
  sessions.push({ visitor, startedAt: Date.now(), cart: [] });
}
