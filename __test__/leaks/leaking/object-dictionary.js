'use strict';
/**
 * A plain object as a dictionary, large enough for V8 to turn it into a hash table.
 *
 * @leak name=rateLimits class=Object kind=object
 */
const { snapshot } = require('../harness');

const rateLimits = {};

function hit(ip) {
  const entry = (rateLimits[ip] ??= { hits: 0, firstSeen: Date.now() });
  entry.hits++;
}

async function main() {
  for (let i = 0; i < 500; i++) hit(`2001:db8::${i.toString(16)}`);
  await snapshot('baseline');
  for (let i = 0; i < 20_000; i++) hit(`2001:db8:1::${i.toString(16)}`);
  await snapshot('current');
}
main();
