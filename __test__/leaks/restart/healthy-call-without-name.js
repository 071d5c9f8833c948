'use strict';
/**
 * A bounded cache that a function without a name has in a variable, and nothing else keeps. The call waits
 * for something else when the second snapshot is taken.
 *
 * @restart
 * @healthy
 */
const { setTimeout: sleep } = require('node:timers/promises');
const { snapshot } = require('../harness');

let isOver = false;

(async () => {
  const rendered = new Map();
  const render = (page) => {
    rendered.set(page, { page, html: `<p>${page}</p>` });
    if (rendered.size > 2_000) rendered.delete(rendered.keys().next().value);
  };
  for (let i = 0; i < 5_000; i++) render(`page ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 20_000; i++) render(`page ${i}`);
  const current = snapshot('current').then(() => (isOver = true));
  while (!isOver) await sleep(5);
  await current;
  render('the last one');
})();
