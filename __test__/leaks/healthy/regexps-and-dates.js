'use strict';
/**
 * Regular expressions compile, dates and numbers are formatted: V8 and ICU fill their caches.
 *
 * @healthy
 */
const { snapshot } = require('../harness');

const patterns = [/^(\w+)-(\d+)$/, /(?<year>\d{4})-(?<month>\d\d)/u, /\bfoo(?=bar)/gi, /(a+)+b/];
const money = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });

function work(i) {
  let matches = 0;
  for (const pattern of patterns) if (pattern.exec(`item-${i} 2026-11-22 foobar aab`)) matches++;
  return `${money.format(i)} ${new Date(i * 1e9).toISOString()} ${'b,a'.split(',').sort()} ${matches}`;
}

async function main() {
  work(0);
  await snapshot('baseline');
  for (let i = 0; i < 30_000; i++) work(i);
  await snapshot('current');
}
main();
