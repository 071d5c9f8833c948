/**
 * One bundle, minified, without a source map: the name is the one the minifier chose, and the file
 * is the bundle.
 *
 * @build esbuild main.mjs
 * @leak name=/^[a-z]{1,2}$/i class=Map kind=map file=main.js
 */
import { forget, remember } from './session-store.mjs';

const { snapshot } = require('../../../harness');

async function main() {
  for (let i = 0; i < 30; i++) remember(`warm-${i}`);
  forget('warm-1');
  await snapshot('baseline');
  for (let i = 0; i < 3_000; i++) remember(`visitor-${i}`);
  await snapshot('current');
}
main();
