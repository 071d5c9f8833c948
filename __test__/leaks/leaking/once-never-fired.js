'use strict';
/**
 * Each request waits for an event with `once`; the event does not come.
 *
 * @leak name=_events.ready class=Array|Connection|EventEmitter kind=listeners
 */
const { EventEmitter } = require('node:events');
const { snapshot } = require('../harness');

class Connection extends EventEmitter {
  query(text, done) {
    this.once('ready', () => done(null, `rows of ${text}`));
  }
}

const connection = new Connection();
connection.setMaxListeners(0);

async function main() {
  for (let i = 0; i < 20; i++) connection.query(`select ${i}`, () => i);
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) connection.query(`select ${i}`, () => i);
  await snapshot('current');
}
main();
