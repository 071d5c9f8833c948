'use strict';

const tracing = require('./tracing');
const { snapshot } = require('../../../harness');

const requests = [];

async function main() {
  for (let i = 0; i < 4_000; i++) {
    requests[i % 10] = { i };
    tracing.start(`request ${i}`);
  }
  await snapshot('current');
}
main();
