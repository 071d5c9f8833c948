'use strict';
/**
 * Buffers in a map: most of the growth is outside of V8's heap. Compared with another process.
 *
 * @restart
 * @leak name=attachments class=Map kind=map|buffers
 */
// A map of Buffers.
const { snapshot } = require('../harness');

const attachments = new Map();

function attach(name) {
  attachments.set(name, Buffer.alloc(50_000, name));
}

async function main() {
  for (let i = 0; i < 5; i++) attach(`warm-${i}.pdf`);
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) attach(`scan-${i}.pdf`);
  await snapshot('current');
}
main();
