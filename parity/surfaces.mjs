// What a user of the package sees, against DevTools: the command line, diffSnapshots and openSnapshot.

import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { firstDifference } from './compare.mjs';

const heapdiff = createRequire(import.meta.url)('../index.js');
const run = promisify(execFile);
const cli = fileURLToPath(new URL('../bin/heapdiff.js', import.meta.url));

const EVERY_ROW = 1_000_000;
/** So many nodes of a snapshot are asked for their edges and retainers. */
const SAMPLED_NODES = 40;

/**
 * @param {import('./inputs.mjs').Pair} pair
 * @param {{nodes: string, all: any, diff: any[]}} expected DevTools' answers for `pair.current`, and for the pair.
 * @param {(request: string[]) => Promise<any>} askDevTools
 * @returns {Promise<import('./compare.mjs').Verdict[]>}
 */
export async function compareSurfaces({ base, current }, expected, askDevTools) {
  const ask = (question, id) => askDevTools([question, current, id]);
  const checks = {
    'heapdiff nodes': () => nodesCommand(current, expected.nodes),
    'openSnapshot().stats': () => withSnapshot(current, (s) => stats(s, expected.all)),
    'openSnapshot().classes()': () => withSnapshot(current, (s) => classes(s, expected)),
    "openSnapshot().classes({ classRows: 'devtools' })": () =>
      withSnapshot(current, (s) => summaryRows(s, expected.all)),
    'openSnapshot().duplicateStrings()': () =>
      withSnapshot(current, (s) => strings(s, expected.all)),
    'openSnapshot().edges()': () => withSnapshot(current, (s) => edges(s, expected.nodes, ask)),
    'openSnapshot().retainers()': () =>
      withSnapshot(current, (s) => retainers(s, expected.nodes, ask)),
    "diffSnapshots({ classRows: 'devtools' })": () => classRows(base, current, expected.diff),
  };
  const verdicts = [];
  for (const [check, compare] of Object.entries(checks)) {
    const difference = await compare().catch(
      (error) => `${error.code ?? error.name}: ${error.message}`,
    );
    verdicts.push({ check, difference });
  }
  return verdicts;
}

async function nodesCommand(file, expected) {
  const options = { maxBuffer: 1 << 30 };
  const { stdout } = await run(process.execPath, [cli, 'nodes', file], options);
  const firstSeven = (row) => row.split('\t').slice(0, 7).join('\t');
  const wanted = expected.split('\n').map(firstSeven);
  const found = stdout.split('\n');
  const at = wanted.findIndex((row, ordinal) => row !== found[ordinal]);
  if (at === -1 && wanted.length === found.length) return null;
  return `row ${at}: ${wanted[at]} expected, ${found[at]} found`;
}

async function withSnapshot(file, compare) {
  const snapshot = await heapdiff.openSnapshot(file);
  try {
    return await compare(snapshot);
  } finally {
    snapshot.close();
  }
}

function stats({ stats: found }, { static: facts, statistics: { total, native, v8heap } }) {
  const statistics = {
    total,
    native: native.total,
    typedArrays: native.typedArrays,
    code: v8heap.code,
    strings: v8heap.strings,
    jsArrays: v8heap.jsArrays,
    system: v8heap.system,
  };
  return firstDifference(
    { nodeCount: facts.nodeCount, statistics },
    { nodeCount: found.nodeCount, statistics: found.statistics },
  );
}

/**
 * heapdiff shows one row per name, and loses none. DevTools has a row per name and place, and when the key of a class meets that
 * of another, it keeps the younger row. A name with one whole row in DevTools has to be equal to it; all names are checked
 * against the nodes.
 */
function classes(snapshot, { nodes, all: { aggregates } }) {
  const found = snapshot.classes({ top: EVERY_ROW });
  const byName = sumByName(nodes);
  const rowsOf = new Map();
  for (const row of aggregates) rowsOf.set(row.name, [...(rowsOf.get(row.name) ?? []), row]);
  const isWhole = ({ name, className = name }) => {
    const rows = rowsOf.get(className);
    return rows?.length === 1 && rows[0].count === byName.get(className)?.count;
  };
  const wanted = aggregates.filter(isWhole).map((row) => ({
    className: row.name,
    count: row.count,
    selfBytes: row.shallowSize,
    retainedBytes: row.retainedSize,
    distance: row.distance,
  }));
  // Rows of equal size and name may come in any order: their class keys are not part of the answer.
  const difference = firstDifference(inOrder(wanted), inOrder(found.filter(isWhole)));
  if (difference !== null) return difference;
  const sums = new Map();
  for (const { className, count, selfBytes } of found) {
    const sum = sums.get(className) ?? { count: 0, bytes: 0 };
    sums.set(className, { count: sum.count + count, bytes: sum.bytes + selfBytes });
  }
  return firstDifference(sorted(byName), sorted(sums));
}

/** The rows of the Summary view, as they are. */
function summaryRows(snapshot, { aggregates }) {
  const wanted = aggregates.map((row) => ({
    className: row.name,
    count: row.count,
    selfBytes: row.shallowSize,
    retainedBytes: row.retainedSize,
    distance: row.distance,
  }));
  const found = snapshot.classes({ top: EVERY_ROW, classRows: 'devtools' });
  return firstDifference(inOrder(wanted), inOrder(found));
}

/** Number and bytes of the nodes of each class name, from DevTools' answer to `nodes`. Nodes without a size do not count. */
function sumByName(nodes) {
  const sums = new Map();
  for (const row of nodes.trimEnd().split('\n')) {
    const columns = row.split('\t');
    const size = Number(columns[2]);
    if (size === 0) continue;
    const name = JSON.parse(columns[9]);
    const sum = sums.get(name) ?? { count: 0, bytes: 0 };
    sums.set(name, { count: sum.count + 1, bytes: sum.bytes + size });
  }
  return sums;
}

const sorted = (map) => Object.fromEntries([...map].sort((a, b) => (a[0] < b[0] ? -1 : 1)));

function strings(snapshot, { duplicateStrings }) {
  const wanted = duplicateStrings.map(({ value, count, totalSelfSize }) => ({
    value,
    count,
    bytes: totalSelfSize,
  }));
  return firstDifference(inOrder(wanted), inOrder(snapshot.duplicateStrings({ top: EVERY_ROW })));
}

async function edges(snapshot, nodes, ask) {
  for (const id of sampledIds(nodes)) {
    const wanted = (await ask('edges', id)).map(edgeOf);
    const found = snapshot.edges(Number(id)).map(publicEdgeOf);
    const difference = firstDifference(wanted, found, `node ${id}`);
    if (difference !== null) return difference;
  }
  return null;
}

/** DevTools leaves out what the root refers to, and weak edges. */
async function retainers(snapshot, nodes, ask) {
  for (const id of sampledIds(nodes)) {
    const wanted = (await ask('retainers', id)).map(edgeOf);
    const found = snapshot.retainers(Number(id)).map(publicEdgeOf);
    const shown = found.filter((edge) => edge.type !== 'weak' && edge.id !== ROOT_ID);
    const difference = firstDifference(inOrder(wanted), inOrder(shown), `node ${id}`);
    if (difference !== null) return difference;
  }
  return null;
}

const ROOT_ID = 1;
const edgeOf = ({ type, name, id }) => ({ type, name: String(name), id });
const publicEdgeOf = ({ edge, edgeType, node }) => ({ type: edgeType, name: edge, id: node.id });

/** Ids spread over the file. Only odd ones: those of the embedder's nodes need not be unique. */
function sampledIds(nodes) {
  const ids = nodes
    .split('\n')
    .map((row) => row.slice(0, row.indexOf('\t')))
    .filter((id) => Number(id) % 2 === 1);
  const step = Math.ceil(ids.length / SAMPLED_NODES);
  return ids.filter((_, at) => at % step === 0);
}

async function classRows(base, current, diff) {
  const options = { classRows: 'devtools', classes: EVERY_ROW };
  const report = await heapdiff.diffSnapshots(base, current, options);
  const wanted = diff.map((row) => ({
    className: row.name,
    added: row.addedCount,
    removed: row.removedCount,
    delta: row.countDelta,
    addedBytes: row.addedSize,
    removedBytes: row.removedSize,
    deltaBytes: row.sizeDelta,
  }));
  const found = report.classes.map(({ retainedBytes: _, ...row }) => row);
  return firstDifference(inOrder(wanted), inOrder(found));
}

/** Plain objects in an order of their own content, keys included. */
function inOrder(rows) {
  const text = (row) => JSON.stringify(Object.entries(row).sort());
  return rows.map((row) => [text(row), row]).sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, row]) => row); // prettier-ignore
}
