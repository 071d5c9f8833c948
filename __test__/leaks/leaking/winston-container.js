'use strict';
/**
 * `winston.loggers.get(id)` makes a logger for every new id and keeps it in the container.
 *
 * What each puts on the transport that they share is part of it.
 *
 * @leak name=loggers class=Map kind=map file=winston-container.js|container.js|winston.js
 * @only
 */
// The container is made by winston.js, its class is in container.js, and it is used from here.
const winston = require('winston');
const { snapshot } = require('../harness');

const options = { transports: [new winston.transports.Console({ silent: true })] };

function log(requestId, message) {
  winston.loggers.get(requestId, options).info(message);
}

async function main() {
  options.transports[0].setMaxListeners(0);
  for (let i = 0; i < 5; i++) log(`warm-${i}`, 'hello');
  await snapshot('baseline');
  for (let i = 0; i < 200; i++) log(`request-${i}`, 'hello');
  await snapshot('current');
}
main();
