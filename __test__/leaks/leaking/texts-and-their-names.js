'use strict';
/**
 * Texts of tenants, and beside them the list of their names, which are long. What is named is what has the texts.
 *
 * @leak name=texts class=Object kind=object
 * @only
 */
const { snapshot } = require('../harness');

class Translations {
  constructor() {
    this.names = [];
    this.texts = {}; // @here
  }

  add(name, texts) {
    this.names.push(name);
    this.texts[name] = texts;
  }
}

const translations = new Translations();

function join(i) {
  const name = `tenant-${i}-`.padEnd(120, 'of a street with a long name ');
  translations.add(name, { title: i, lines: [i] });
}

async function main() {
  for (let i = 0; i < 20; i++) join(i);
  await snapshot('baseline');
  for (let i = 20; i < 2_000; i++) join(i);
  await snapshot('current');
}

main();
