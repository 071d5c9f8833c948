'use strict';
/**
 * A child logger per request, kept to be found again.
 *
 * @leak name=loggers class=Map kind=map
 */
const { Writable } = require('node:stream');
const pino = require('pino');
const { snapshot } = require('../harness');

const logger = pino({ level: 'info' }, new Writable({ write: (chunk, encoding, done) => done() }));
const loggers = new Map();

function loggerOf(requestId) {
  if (!loggers.has(requestId)) loggers.set(requestId, logger.child({ requestId, service: 'shop' }));
  return loggers.get(requestId);
}

async function main() {
  for (let i = 0; i < 30; i++) loggerOf(`warm-${i}`).info('hello');
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) loggerOf(`request-${i}`).info('hello');
  await snapshot('current');
}
main();
