'use strict';
/**
 * A short part of a long line is kept, and with it the whole line.
 *
 * @leak name=traceIds class=Array kind=array|strings
 */
// An array of strings.
const { snapshot } = require('../harness');

const traceIds = [];

function parse(line) {
  traceIds.push(line.slice(10, 42));
}

function makeLine(i) {
  return Buffer.alloc(20_000, `trace ${String(i).padStart(36, '0')} and a long tail `).toString();
}

async function main() {
  for (let i = 0; i < 10; i++) parse(makeLine(i));
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) parse(makeLine(i + 1_000));
  await snapshot('current');
}
main();
