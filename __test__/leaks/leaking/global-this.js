'use strict';
/**
 * A property of the global object. No scope holds it: the code that owns it can be told at best
 * from the functions stored there, so no file is asked for.
 *
 * @leak name=__requestLog|globalThis.__requestLog class=Array kind=array file=*
 */
const { snapshot } = require('../harness');

globalThis.__requestLog = [];

function log(url) {
  globalThis.__requestLog.push({ url, at: Date.now(), tags: ['web'] });
}

async function main() {
  for (let i = 0; i < 20; i++) log(`/page/${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 4_000; i++) log(`/page/${i}`);
  await snapshot('current');
}
main();
