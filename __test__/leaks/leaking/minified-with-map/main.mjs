/**
 * The same bundle with its source map beside it: the original place is given too.
 *
 * @build esbuild-map main.mjs
 * @leak name=/^[a-z]{1,2}$|^sessionsByToken$/i class=Map kind=map file=main.js original=session-store.mjs
 */
// A source map with names can give the variable its name back.
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
