'use strict';
/**
 * A development bundle: each module is a text that is evaluated and says in a `sourceURL` what it is.
 *
 * @leak name=cache class=Map kind=map file=/store\.js/
 */
const { snapshot } = require('../harness');

const texts = {
  './src/store.js': `const cache = new Map();
exports.put = (key, value) => cache.set(key, value).size;
//# sourceURL=webpack-internal:///./src/store.js`,
  './src/index.js': `const store = bundled('./src/store.js');
exports.handle = (id) => store.put('key-' + id, { id, body: [id, id] });
//# sourceURL=webpack-internal:///./src/index.js`,
};
const loaded = {};

function bundled(id) {
  if (!loaded[id]) {
    const exports = (loaded[id] = {});
    new Function('exports', 'bundled', `eval(${JSON.stringify(texts[id])})`)(exports, bundled);
  }
  return loaded[id];
}

async function main() {
  const app = bundled('./src/index.js');
  for (let i = 0; i < 100; i++) app.handle(i);
  await snapshot('baseline');
  for (let i = 100; i < 4_000; i++) app.handle(i);
  await snapshot('current');
}
main();
