/**
 * A cache in a closure of an ES module, compared with another process.
 *
 * @restart
 * @leak name=memo class=Map kind=map
 */
import { snapshot } from '../harness.js';

function memoize(compute) {
  const memo = new Map();
  return (key) => {
    if (!memo.has(key)) memo.set(key, compute(key));
    return memo.get(key);
  };
}

// Exported: a variable that nobody would use again is no leak, V8 lets go of it.
export const price = memoize((sku) => ({
  sku,
  net: sku.length,
  gross: sku.length * 1.21,
  parts: [sku],
}));

for (let i = 0; i < 100; i++) price(`sku-${i}`);
await snapshot('baseline');
for (let i = 0; i < 5_000; i++) price(`article-${i}`);
await snapshot('current');
