'use strict';
/**
 * A cache of texts for each language, which never forgets one: the languages are properties.
 *
 * @only
 * @leak name=cache class=Object kind=object
 */
const { snapshot } = require('../harness');

const languages = ['en', 'de', 'fr', 'it'];

function createTranslator() {
  const cache = { en: {}, de: {}, fr: {}, it: {} };
  return (language, key, values) => {
    return (cache[language][key + JSON.stringify(values)] ??= `${language}: ${key} ${values.name}`);
  };
}

const translate = createTranslator();

async function main() {
  for (let i = 0; i < 100; i++) translate(languages[i % 4], 'hello', { name: `warm-${i}` });
  await snapshot('baseline');
  for (let i = 0; i < 6_000; i++) translate(languages[i % 4], 'hello', { name: `visitor-${i}` });
  await snapshot('current');
}
main();
