// What can be asked of a snapshot that DevTools has loaded. Every function returns plain data, in the order in which the
// panel shows it, or else in an order that does not depend on the order of keys of an object.

import { ComparatorConfig, NodeFilter } from './worker.mjs';

/** The named filters of the Summary view. */
export const NAMED_FILTERS = Object.freeze([
  'duplicatedStrings',
  'objectsRetainedByDetachedDomNodes',
  'objectsRetainedByContexts',
  'objectsRetainedByConsole',
  'objectsRetainedByEventHandlers',
  'sharedNativeContext',
  'noNativeContext',
]);

// `<` on strings compares UTF-16 code units, as the panel's grid does.
const ascending = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
const byNameAndKey = (a, b) => ascending(a.name, b.name) || ascending(a.classKey, b.classKey);

export function staticData(snapshot) {
  const { nodeCount, rootNodeIndex, totalSize, maxJSObjectId } = snapshot.updateStaticData();
  return { nodeCount, rootNodeIndex, totalSize, maxJSObjectId };
}

export function statistics(snapshot) {
  return snapshot.getStatistics();
}

/**
 * One row per node, in file order.
 *
 * @param {any} snapshot
 * @returns {Generator<string>} Tab-separated; the columns are listed in parity/README.md.
 */
export function* nodes(snapshot) {
  const { nodeCount, nodeFieldCount } = snapshot;
  const node = snapshot.createNode(0);
  for (let ordinal = 0; ordinal < nodeCount; ordinal += 1) {
    node.nodeIndex = ordinal * nodeFieldCount;
    yield [
      node.id(),
      node.rawType(),
      node.selfSize(),
      node.retainedSize(),
      node.distance(),
      snapshot.dominatorsTree[ordinal],
      node.detachedness(),
      snapshot.flagsOfNode(node),
      snapshot.nodeNativeContextAttribution[ordinal],
      JSON.stringify(node.className()),
      JSON.stringify(node.name()),
    ].join('\t');
  }
}

/**
 * The Summary table.
 *
 * @param {any} snapshot
 * @param {{filter?: string, minId?: number, maxId?: number}} [options] A named filter, or a range of node ids
 *   (`minId < id <= maxId`: what was allocated between two snapshots).
 */
export function summary(snapshot, { filter, minId, maxId } = {}) {
  const nodeFilter = new NodeFilter(minId, maxId);
  if (filter !== undefined) nodeFilter.filterName = filter;
  const table = snapshot.aggregatesWithFilter(nodeFilter);
  const node = snapshot.createNode(0);
  const idOf = (nodeIndex) => {
    node.nodeIndex = nodeIndex;
    return node.id();
  };
  return Object.entries(table)
    .map(([classKey, row]) => ({
      classKey,
      name: row.name,
      count: row.count,
      distance: row.distance,
      shallowSize: row.self,
      retainedSize: row.maxRet,
      ids: Array.from(row.idxs, idOf),
    }))
    .sort((a, b) => b.retainedSize - a.retainedSize || byNameAndKey(a, b));
}

/** The Comparison table of `current` against `base`. */
export function diff(base, current) {
  const definitions = current.interfaceDefinitions();
  const table = current.calculateSnapshotDiff('base', base.aggregatesForDiff(definitions));
  return Object.entries(table)
    .map(([classKey, row]) => ({
      classKey,
      name: row.name,
      addedCount: row.addedCount,
      removedCount: row.removedCount,
      countDelta: row.countDelta,
      addedSize: row.addedSize,
      removedSize: row.removedSize,
      sizeDelta: row.sizeDelta,
      addedIds: row.addedIds,
      deletedIds: row.deletedIds,
    }))
    .sort((a, b) => b.addedSize - a.addedSize || byNameAndKey(a, b));
}

export function interfaces(snapshot) {
  return JSON.parse(snapshot.interfaceDefinitions());
}

export function duplicateStrings(snapshot) {
  return snapshot.getDuplicateStrings();
}

export function nativeContexts(snapshot) {
  return snapshot.getNativeContextSizes();
}

/** Everything that one snapshot answers without a node id, except `nodes`. */
export function all(snapshot) {
  return {
    static: staticData(snapshot),
    statistics: statistics(snapshot),
    interfaces: interfaces(snapshot),
    aggregates: summary(snapshot),
    filters: Object.fromEntries(
      NAMED_FILTERS.map((filter) => [filter, summary(snapshot, { filter })]),
    ),
    duplicateStrings: duplicateStrings(snapshot),
    nativeContexts: nativeContexts(snapshot),
    retainedByContext: snapshot.getRetainedByContextSummary(),
    samples: snapshot.getSamples(),
  };
}

function indexOf(snapshot, id) {
  const index = snapshot.nodeIndexForId(id);
  if (index === undefined) throw new Error(`no node has the id ${id}`);
  return index;
}

/** Who holds the node, nearest to the roots first, then by the edge's name: the Retainers pane. */
export function retainers(snapshot, id) {
  const provider = snapshot.createRetainingEdgesProvider(indexOf(snapshot, id));
  if (provider.isEmpty()) return [];
  provider.sortAndRewind(new ComparatorConfig('!edgeDistance', true, 'name', true));
  return provider.serializeItemsRange(0, Infinity).items.map((edge) => ({
    type: edge.type,
    name: edge.name,
    id: edge.node.id,
    node: edge.node.name,
    distance: edge.node.distance,
  }));
}

/** What the node holds, in file order: the Containment view before sorting. */
export function edges(snapshot, id) {
  const provider = snapshot.createEdgesProvider(indexOf(snapshot, id));
  if (provider.isEmpty()) return [];
  return provider.serializeItemsRange(0, Infinity).items.map((edge) => ({
    type: edge.type,
    name: edge.name,
    id: edge.node.id,
    node: edge.node.name,
    selfSize: edge.node.selfSize,
    retainedSize: edge.node.retainedSize,
    distance: edge.node.distance,
  }));
}

export function paths(snapshot, id) {
  return snapshot.getRetainingPaths(indexOf(snapshot, id));
}

export function dominators(snapshot, id) {
  return snapshot.getDominatorsOf(indexOf(snapshot, id));
}
