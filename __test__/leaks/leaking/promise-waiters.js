'use strict';
/**
 * Requests wait for a configuration that never arrives; each suspended async function is a reaction
 * of one promise.
 *
 * @leak name=ready class=Promise kind=promises
 */
const { snapshot } = require('../harness');

class ConfigClient {
  constructor() {
    this.ready = new Promise((resolve) => (this.loaded = resolve));
  }
}

const config = new ConfigClient();

async function handle(request) {
  const started = { at: Date.now(), url: request.url };
  await config.ready;
  return started;
}

async function main() {
  for (let i = 0; i < 20; i++) handle({ url: `/warm/${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) handle({ url: `/order/${i}` });
  await snapshot('current');
}
main();
