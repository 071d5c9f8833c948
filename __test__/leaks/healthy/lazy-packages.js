'use strict';
/**
 * Packages that are loaded, or fill their tables, when the first request needs them: one makes much that is
 * neither code nor state, another puts the tables of several files into one.
 *
 * @healthy
 */
const iconv = require('iconv-lite');
const { snapshot } = require('../harness');

function handle(i) {
  const { XMLParser } = require('fast-xml-parser');
  const parsed = new XMLParser().parse(`<order><id>${i}</id></order>`);
  return iconv.decode(iconv.encode(String(parsed.order.id), 'win1252'), 'latin1');
}

async function main() {
  await snapshot('baseline');
  for (let i = 0; i < 300; i++) handle(i);
  await snapshot('current');
}
main();
