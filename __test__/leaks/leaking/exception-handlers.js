'use strict';
/**
 * A logger for each request, which each listen for exceptions nobody catches. By which of Node's parts a way
 * comes to `process` is chance: some of them have caches, which the lists of listeners are none of.
 *
 * @leak name=_events.uncaughtException class=process kind=listeners file=exception-handler.js
 * @only
 */
const winston = require('winston');
const { snapshot } = require('../harness');

process.setMaxListeners(0);

function handle(id) {
  const console = new winston.transports.Console({ silent: true, handleExceptions: true });
  const logger = winston.createLogger({
    defaultMeta: { id },
    exitOnError: false,
    transports: [console],
  });
  logger.info('hello');
}

async function main() {
  for (let i = 0; i < 10; i++) handle(`warm${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) handle(`request${i}`);
  await snapshot('current');
}
main();
