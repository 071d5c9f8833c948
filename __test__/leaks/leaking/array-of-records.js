'use strict';
/**
 * A module-level array of audit records, never flushed.
 *
 * @leak name=auditTrail class=Array kind=array items=200:5200
 */
const { snapshot } = require('../harness');

const auditTrail = []; // @here

function audit(action, user) {
  // @here
  auditTrail.push({
    action,
    user,
    at: new Date(),
    details: { ip: `10.0.0.${auditTrail.length % 250}` },
  });
}

async function main() {
  // @here
  for (let i = 0; i < 200; i++) audit('login', `user-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) audit('login', `user-${i}`);
  await snapshot('current');
}
main();
