'use strict';
/**
 * A log in chunks of 500 lines: few chunks are added, but each is large.
 *
 * @leak name=chunks class=Array kind=array
 */
const { snapshot } = require('../harness');

const LINES = 500;

class ChunkedLog {
  chunks = [[]];

  write(line) {
    let last = this.chunks[this.chunks.length - 1];
    if (last.length === LINES) this.chunks.push((last = []));
    last.push({ line, at: Date.now() });
  }
}

const log = new ChunkedLog();

async function main() {
  for (let i = 0; i < 1_000; i++) log.write(`started ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 20_000; i++) log.write(`request ${i}`);
  await snapshot('current');
}
main();
