/**
 * Hot reload by `import('./plugin.mjs?v=…')`: a module is never collected, and one with another query is
 * another one.
 *
 * @leak name=loadCache class=LoadCache kind=map file=/^plugin\.mjs/
 */
import { snapshot } from '../../harness.js';

async function reload(v) {
  const plugin = await import(`./plugin.mjs?v=${v}`);
  return plugin.run(v);
}
for (let i = 0; i < 5; i++) await reload(i);
await snapshot('baseline');
for (let i = 5; i < 205; i++) await reload(i);
await snapshot('current');
