#!/usr/bin/env node
// Makes the inputs that the fuzzer mutates: generated snapshots, and a real one of this process cut down to a few hundred
// nodes. Small files, because the fuzzer is to run thousands of them in a second.
//
//     node fuzz/corpus.mjs DIRECTORY

import fs from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import v8 from 'node:v8';
import zlib from 'node:zlib';
import { generatePair } from '../parity/generate.mjs';

const GENERATED_PAIRS = 60;
const REAL_NODES = 300;

const [directory] = process.argv.slice(2);
fs.mkdirSync(directory, { recursive: true });
const write = (name, contents) => fs.writeFileSync(path.join(directory, name), contents);

for (let seed = 0; seed < GENERATED_PAIRS; seed += 1) {
  const { base, current } = generatePair(seed);
  write(`generated-${seed}-base`, base);
  write(`generated-${seed}-current`, current);
}
const real = cut(JSON.parse(await text(v8.getHeapSnapshot())));
write('real', real);
write('real.gz', zlib.gzipSync(real));

/** Keeps the nodes that a walk from the root meets first, and what is between them. */
function cut(snapshot) {
  const { meta } = snapshot.snapshot;
  const nodeFields = meta.node_fields.length;
  const column = (name) => meta.node_fields.indexOf(name);
  const firstEdge = [0];
  for (let at = 0; at < snapshot.nodes.length; at += nodeFields) {
    firstEdge.push(firstEdge.at(-1) + snapshot.nodes[at + column('edge_count')]);
  }
  const edgesOf = (node) =>
    Array.from({ length: firstEdge[node + 1] - firstEdge[node] }, (_, at) => {
      const start = (firstEdge[node] + at) * 3;
      return snapshot.edges.slice(start, start + 3);
    });
  const kept = new Map([[0, 0]]);
  for (const node of kept.keys()) {
    // A few of each node's edges, so that the walk gets deep before it has its nodes.
    for (const [, , to] of edgesOf(node).slice(0, 6)) {
      if (kept.size < REAL_NODES && !kept.has(to / nodeFields))
        kept.set(to / nodeFields, kept.size);
    }
  }
  const strings = new Map();
  const stringIndex = (old) => {
    const value = snapshot.strings[old];
    if (!strings.has(value)) strings.set(value, strings.size);
    return strings.get(value);
  };
  const numbered = new Set(['element', 'hidden'].map((name) => meta.edge_types[0].indexOf(name)));
  const nodes = [];
  const edges = [];
  for (const node of kept.keys()) {
    const row = snapshot.nodes.slice(node * nodeFields, (node + 1) * nodeFields);
    const inside = edgesOf(node).filter(([, , to]) => kept.has(to / nodeFields));
    row[column('name')] = stringIndex(row[column('name')]);
    row[column('edge_count')] = inside.length;
    nodes.push(...row);
    for (const [type, name, to] of inside) {
      edges.push(
        type,
        numbered.has(type) ? name : stringIndex(name),
        kept.get(to / nodeFields) * nodeFields,
      );
    }
  }
  const locations = [];
  const locationFields = meta.location_fields.length;
  for (let at = 0; at < snapshot.locations.length; at += locationFields) {
    const [object, ...rest] = snapshot.locations.slice(at, at + locationFields);
    if (kept.has(object / nodeFields))
      locations.push(kept.get(object / nodeFields) * nodeFields, ...rest);
  }
  const header = { ...snapshot.snapshot, node_count: kept.size, edge_count: edges.length / 3 };
  const parts = { nodes, edges, trace_function_infos: [], trace_tree: [], samples: [], locations };
  return JSON.stringify({ snapshot: header, ...parts, strings: [...strings.keys()] });
}
