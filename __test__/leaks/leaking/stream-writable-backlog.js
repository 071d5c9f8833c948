'use strict';
/**
 * Writes to a sink that is stuck; the answer of `write` is ignored.
 *
 * @leak name=sink|buffered|_writableState.buffered|Symbol(kBufferedValue) class=Writable|Array|WritableState kind=array|other|buffers
 */
// As with a readable stream: the variable, or the field of Node's where the backlog is.
const { Writable } = require('node:stream');
const { snapshot } = require('../harness');

const sink = new Writable({
  objectMode: true,
  write() {
    // The remote end does not answer: the callback is never called.
  },
});

async function main() {
  for (let i = 0; i < 20; i++) sink.write({ line: `warm ${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) sink.write({ line: `request ${i} took ${i % 97} ms` });
  await snapshot('current');
}
main();
