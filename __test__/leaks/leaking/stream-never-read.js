'use strict';
/**
 * A stream is written to and never read. Its line is that of the variable, not that of the function which
 * uses it.
 *
 * @leak name=outbox class=PassThrough kind=array|list|other
 */
const { PassThrough } = require('node:stream');
const { snapshot } = require('../harness');

const retries = 3,
  outbox = new PassThrough({ objectMode: true, highWaterMark: 1e9 }); // @here

function send(mail) {
  outbox.write({ ...mail, retries });
}

async function main() {
  for (let i = 0; i < 20; i++) send({ id: i });
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) send({ id: i, to: `user-${i}@example.org` });
  await snapshot('current');
}
main();
