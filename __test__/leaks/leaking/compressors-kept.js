'use strict';
/**
 * A log shipper opens a compressor for each stream and keeps it: most of what each takes is memory outside of
 * V8's heap, which has another id in each snapshot.
 *
 * @leak name=compressors class=Array kind=array items=5:105
 * @only
 */
const zlib = require('node:zlib');
const { snapshot } = require('../harness');

const compressors = []; // @here

function ship(line) {
  const compressor = zlib.createDeflateRaw({ level: 1 });
  compressors.push(compressor);
  compressor.on('data', () => {});
  compressor.write(line);
}

async function main() {
  for (let i = 0; i < 5; i++) ship(`started ${i}\n`);
  await snapshot('baseline');
  for (let i = 0; i < 100; i++) ship(`request ${i}\n`);
  await snapshot('current');
}
main();
