'use strict';
/**
 * Each handler has its own variables in the block of a loop: a bounded list, and one without a bound.
 *
 * @leak name=backlog class=Array kind=array items=8:1508
 */
const { snapshot } = require('../harness');
const handlers = {};
for (const topic of ['orders', 'mails']) {
  const backlog = [];
  const recent = [];
  handlers[topic] = (m) => {
    recent.push(m);
    if (recent.length > 5) recent.shift();
    backlog.push(m);
  };
}
async function main() {
  for (let i = 0; i < 8; i++) (handlers.orders({ i }), handlers.mails({ i }));
  await snapshot('baseline');
  for (let i = 0; i < 1500; i++) handlers.mails({ i, text: `t${i}` });
  await snapshot('current');
}
main();
