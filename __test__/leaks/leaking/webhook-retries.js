'use strict';
/**
 * Webhooks that are tried again after hours, with jitter: each timer holds its message, and Node has a list
 * for each duration, of which none grows much.
 *
 * @leak name=retry class=Timeout kind=timers
 */
const { snapshot } = require('../harness');

const HOURS = 3_600_000;

function deliver(message) {
  const retry = () => deliver({ ...message, tries: message.tries + 1 });
  setTimeout(retry, 6 * HOURS + (message.id % 60) * 1000);
}

function message(id) {
  const lines = Array.from({ length: 20 }, (_, line) => ({ line, sku: `sku-${id}-${line}` }));
  return { id, tries: 0, lines };
}

async function main() {
  for (let id = 0; id < 300; id++) deliver(message(id));
  await snapshot('baseline');
  for (let id = 300; id < 1500; id++) deliver(message(id));
  await snapshot('current');
  process.exit();
}
main();
