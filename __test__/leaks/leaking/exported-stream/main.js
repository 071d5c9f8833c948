'use strict';
/**
 * A module exports a stream that is written to and never read. Node keeps the chunks deep inside it; the
 * program's word is that of the stream, and neither `exports` nor anything of Node's.
 *
 * @leak name=audit class=PassThrough kind=array|list|other file=audit.js
 */
const { snapshot } = require('../../harness');
const { record } = require('./audit');

async function main() {
  for (let i = 0; i < 20; i++) record({ id: i });
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) record({ id: i, action: `action ${i}` });
  await snapshot('current');
}
main();
