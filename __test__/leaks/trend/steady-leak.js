'use strict';
/**
 * A set that grows between every two snapshots.
 *
 * @trend baseline second third fourth current
 * @leak name=knownDevices class=Set kind=set
 */
const { snapshot } = require('../harness');

class Push {
  knownDevices = new Set();
  register(token) {
    this.knownDevices.add(token);
  }
}

const push = new Push();

async function main() {
  let next = 0;
  for (const label of ['baseline', 'second', 'third', 'fourth', 'current']) {
    for (let i = 0; i < 1_200; i++) push.register(`device-${next++}`);
    await snapshot(label);
  }
}
main();
