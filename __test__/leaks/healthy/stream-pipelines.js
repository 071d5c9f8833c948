'use strict';
/**
 * Streams with backpressure, compressed and counted, all of them finished.
 *
 * @healthy
 */
const { Readable, Writable } = require('node:stream');
const { pipeline } = require('node:stream/promises');
const zlib = require('node:zlib');
const { snapshot } = require('../harness');

let bytes = 0;

async function compress(lines) {
  const source = Readable.from(
    (function* () {
      for (let i = 0; i < lines; i++) yield `line ${i} of some text that is compressed\n`;
    })(),
  );
  const sink = new Writable({
    write(chunk, encoding, done) {
      bytes += chunk.length;
      done();
    },
  });
  await pipeline(source, zlib.createGzip(), sink);
}

async function main() {
  for (let i = 0; i < 10; i++) await compress(100);
  await snapshot('baseline');
  for (let i = 0; i < 150; i++) await compress(200);
  await snapshot('current');
}
main();
