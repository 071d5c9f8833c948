'use strict';

/**
 * The heap that is measured: sessions of a service, with what hangs on them. Each session makes about 500 bytes of a snapshot.
 *
 * @param {number} sessions
 * @returns {{leak(): void}} `leak`: a twentieth of the sessions goes, a tenth comes, and an array that nobody clears grows.
 */
module.exports = function startService(sessions) {
  const live = new Set();
  const byToken = new Map();
  const auditTrail = [];
  let last = null;
  function open(number) {
    const session = new Session(number);
    live.add(session);
    if (number % 7 === 0) {
      session.previous = last;
      last = session;
    }
    if (number % 5 === 0) byToken.set(`token${number}`, session);
  }
  function close(session) {
    live.delete(session);
    byToken.delete(`token${session.number}`);
  }
  for (let i = 0; i < sessions; i += 1) open(i);
  return {
    live,
    byToken,
    leak() {
      const closing = Math.floor(sessions / 20);
      for (const session of live) {
        if (session.number >= closing) break;
        close(session);
      }
      for (let i = sessions; i < sessions + sessions / 10; i += 1) open(i);
      for (let i = 0; i < sessions / 20; i += 1) auditTrail.push({ at: i, what: `entry ${i}` });
    },
  };
};

class Session {
  constructor(number) {
    this.number = number;
    this.roles = [`role${number % 1000}`, { level: number + 0.5 }];
    this.previous = null;
  }
}
