'use strict';

const { track } = require('./chunks/chunk.77be02');
const { snapshot } = require('../../../harness');

async function main() {
  for (let i = 0; i < 6_000; i++) track({ i });
  await snapshot('current');
}
main();
