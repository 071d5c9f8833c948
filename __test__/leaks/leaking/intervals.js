'use strict';
/**
 * An interval per session that is never cleared. Node's timer lists hold them: what a developer
 * searches for is the callback, or `setInterval`.
 *
 * @leak name=pollStatus|_onTimeout|setInterval class=Timeout|TimersList kind=timers
 */
const { snapshot } = require('../harness');

function startSession(id) {
  const session = { id, status: 'new', messages: [`hello ${id}`] };
  setInterval(function pollStatus() {
    session.status = session.messages.length > 3 ? 'busy' : 'idle';
  }, 60_000);
}

async function main() {
  for (let i = 0; i < 20; i++) startSession(i);
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) startSession(i);
  await snapshot('current');
}
main();
