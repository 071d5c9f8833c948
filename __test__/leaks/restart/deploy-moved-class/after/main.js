'use strict';

const { Journal } = require('./journal');
const { snapshot } = require('../../../harness');

const services = { journal: new Journal(), clock: { now: () => Date.now() } };

async function main() {
  for (let i = 0; i < 100; i++) services.journal.add(`entry ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) services.journal.add(`entry ${i} at ${services.clock.now()}`);
  await snapshot('current');
}
main();
