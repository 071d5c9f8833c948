'use strict';
/**
 * Generated code is written to files and required, each under a name of its own: the cache of
 * modules grows. It belongs to Node, and so does its file.
 *
 * @leak name=_cache|require.cache|cache|_pathCache|children|module.children class=Object|Array kind=object|array file=*
 */
// `require.cache` is `Module._cache`; the module that requires them has all of them as `children`
// too, and the resolver remembers every path.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { snapshot } = require('../harness');

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'generated-'));
process.on('exit', () => fs.rmSync(dir, { recursive: true, force: true }));

function compile(id) {
  const file = path.join(dir, `query-${id}.js`);
  fs.writeFileSync(file, `exports.run = (db) => db.find({ id: ${id} }); exports.id = ${id};`);
  return require(file);
}

async function main() {
  for (let i = 0; i < 5; i++) compile(i);
  await snapshot('baseline');
  for (let i = 5; i < 600; i++) compile(i);
  await snapshot('current');
}
main();
