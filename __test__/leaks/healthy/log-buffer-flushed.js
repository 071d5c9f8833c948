'use strict';
/**
 * Log lines are gathered and written out every 500 lines; both snapshots are half way.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

class Logger {
  #lines = [];
  written = 0;

  log(line) {
    this.#lines.push({ line, at: Date.now() });
    if (this.#lines.length >= 500) this.flush();
  }

  flush() {
    this.written += this.#lines.length;
    this.#lines = [];
  }
}

const logger = new Logger();

async function main() {
  for (let i = 0; i < 1_240; i++) logger.log(`started ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 10_010; i++) logger.log(`request ${i} took ${i % 7} ms`);
  await snapshot('current');
  logger.flush();
}
main();
