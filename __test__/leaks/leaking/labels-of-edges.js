'use strict';
/**
 * Sets of texts in maps in a map, each of them small. From Node.js 26 on V8's table of texts refers to the texts
 * as well.
 *
 * @only
 * @leak name=edges class=Map kind=map
 */
const { snapshot } = require('../harness');

const edges = new Map();
const labels = ['likes', 'owns', 'knows'];

function link(from, label, to) {
  if (!edges.has(from)) edges.set(from, new Map());
  const byLabel = edges.get(from);
  if (!byLabel.has(label)) byLabel.set(label, new Set());
  byLabel.get(label).add(to);
}

async function main() {
  for (let i = 0; i < 60; i++) link(`from-${i % 20}`, labels[i % 3], `warm-${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 15_000; i++) link(`from-${i % 20}`, labels[i % 3], `to-${i}`);
  await snapshot('current');
}
main();
