'use strict';
/**
 * Timers of two functions that nobody clears, all of one duration: Node has them in one list.
 *
 * @leak name=poll class=Timeout kind=timers
 * @leak name=refresh class=Timeout kind=timers
 */
const { snapshot } = require('../harness');

const MINUTE = 60_000;

function watch(feed) {
  setInterval(function poll() {
    // @here
    return feed.url;
  }, MINUTE).unref();
}

function keepFresh(page) {
  setInterval(function refresh() {
    // @here
    return page.path;
  }, MINUTE).unref();
}

async function main() {
  for (let i = 0; i < 20; i++) watch({ url: `https://feeds.example/${i}`, items: [] });
  for (let i = 0; i < 20; i++) keepFresh({ path: `/p/${i}`, html: '<p>' });
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) watch({ url: `https://feeds.example/new/${i}`, items: [] });
  for (let i = 0; i < 2_000; i++) keepFresh({ path: `/new/${i}`, html: '<p>' });
  await snapshot('current');
  process.exit(0);
}
main();
