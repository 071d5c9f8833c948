'use strict';
/**
 * Every client is piped from one stream and never unpiped: `pipe()` notes the client and adds listeners to
 * the stream. It is one leak, and none of the listeners is the program's.
 *
 * @leak name=telemetry class=PassThrough kind=array|list|other items=10:510
 * @only
 */
const { PassThrough } = require('node:stream');
const { snapshot } = require('../harness');

const telemetry = new PassThrough(); // @here
telemetry.setMaxListeners(0);
telemetry.resume();

function follow(client) {
  const lines = new PassThrough();
  telemetry.pipe(lines);
  lines.on('data', () => client.lines++);
}

async function main() {
  for (let i = 0; i < 10; i++) follow({ lines: 0 });
  await snapshot('baseline');
  for (let i = 0; i < 500; i++) follow({ lines: 0 });
  await snapshot('current');
}
main();
