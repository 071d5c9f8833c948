'use strict';
/**
 * A library keeps its state on somebody else's object, under a symbol.
 *
 * @leak name="kSpans|Symbol(kSpans)|<symbol kSpans>" class=Array kind=array
 */
// JavaScript prints the key as `Symbol(kSpans)`, V8 as `<symbol kSpans>`.
const { snapshot } = require('../harness');

const kSpans = Symbol('kSpans');
const server = { name: 'api', [kSpans]: [] };

function trace(name) {
  server[kSpans].push({ name, startedAt: performance.now() });
}

async function main() {
  for (let i = 0; i < 20; i++) trace(`warm ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) trace(`GET /orders/${i}`);
  await snapshot('current');
}
main();
