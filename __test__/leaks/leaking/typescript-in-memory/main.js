'use strict';
/**
 * A loader compiles TypeScript on the way to V8: what runs is in no file.
 *
 * @leak name=_events.price class=PriceFeed kind=listeners file=price-feed.ts
 * @leak name=recent class=Map kind=map file=price-feed.ts
 * @only
 */
const path = require('node:path');
const { snapshot } = require('../../harness');
require('../../support/typescript-in-memory');

const { openDesk } = require(path.join(__dirname, 'price-feed.ts'));

async function main() {
  const desk = openDesk();
  for (let i = 0; i < 20; i++) desk.trade(`warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) desk.trade(`order-${i}`);
  await snapshot('current');
}

main();
