'use strict';
/**
 * A dictionary without a prototype, in an instance.
 *
 * @leak name=translations class=Object kind=object
 */
const { snapshot } = require('../harness');

class Translator {
  constructor(locale) {
    this.locale = locale;
    this.translations = Object.create(null);
  }

  translate(key) {
    return (this.translations[key] ??= [this.locale, key, key.toUpperCase()]);
  }
}

const translator = new Translator('nl');

async function main() {
  for (let i = 0; i < 100; i++) translator.translate(`message.${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 5_000; i++) translator.translate(`Order ${i} has been shipped`);
  await snapshot('current');
}
main();
