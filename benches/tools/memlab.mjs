// memlab: loads both files with retained sizes, and counts the classes. It has no table of differences.
import { createRequire } from 'node:module';
import { finish, wanted } from './contract.mjs';

const require = createRequire(import.meta.url);
const { getFullHeapFromFile } = require('@memlab/heap-analysis');

const base = await getFullHeapFromFile(wanted.base);
const current = await getFullHeapFromFile(wanted.current);
const [before, after] = [base, current].map((heap) => {
  const counts = new Map();
  heap.nodes.forEach((node) => {
    if (node.type === 'object') counts.set(node.name, (counts.get(node.name) ?? 0) + 1);
  });
  return counts;
});
finish(() => ({
  nodes: [base.nodes.length, current.nodes.length],
  counts: Object.fromEntries([...after].map(([name, n]) => [name, [before.get(name) ?? 0, n]])),
}));
