// Writes a generated heap as the text of a `.heapsnapshot` file, in one of the layouts that the format allows.

const EDGE_TYPES = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak'];
export const NODE_TYPES = [
  'hidden', 'array', 'string', 'object', 'code', 'closure', 'regexp', 'number', 'native', 'synthetic', 'concatenated string',
  'sliced string', 'symbol', 'bigint', 'object shape',
]; // prettier-ignore

/** What a V8 to come may call its nodes. */
const NOVEL_TYPE = 'moon rock';

/**
 * @typedef {{traces: boolean, detachedness: boolean, shuffleFields: boolean, shuffleTypes: boolean, scriptObjects: boolean,
 *   locations: boolean, extraTypes: boolean, samples: boolean, nativeBytes: number | null, spacing: string, escapes: string}} Layout
 */

/**
 * @param {import('./generate.mjs').Heap} heap The first node is the root.
 * @param {Layout} layout
 * @param {import('./generate.mjs').Choices} random
 * @returns {string}
 */
export function writeText(heap, layout, random) {
  const { nodes } = heap;
  const types = layout.extraTypes ? [...NODE_TYPES, 'wasm object', NOVEL_TYPE] : NODE_TYPES;
  const nodeTypes = layout.shuffleTypes ? shuffled(types, random) : types;
  const edgeTypes = layout.shuffleTypes ? shuffled(EDGE_TYPES, random) : EDGE_TYPES;
  const isNovel = (node) => layout.extraTypes && node.type === 'hidden' && node.id % 3 === 0;
  const nodeFields = fieldOrder(
    [
      'type', 'name', 'id', 'self_size', 'edge_count',
      ...(layout.traces ? ['trace_node_id'] : []),
      ...(layout.detachedness || layout.traces ? ['detachedness'] : []),
    ],
    layout, random,
  ); // prettier-ignore
  const edgeFields = fieldOrder(['type', 'name_or_index', 'to_node'], layout, random);
  const locationFields = [
    'object_index', 'script_id', ...(layout.scriptObjects ? ['script_object_index'] : []), 'line', 'column',
  ]; // prettier-ignore

  const strings = new StringTable();
  const position = new Map(nodes.map((node, ordinal) => [node, ordinal * nodeFields.length]));
  const nodeRows = [];
  const edgeRows = [];
  const locationRows = [];
  for (const node of nodes) {
    const cells = {
      type: nodeTypes.indexOf(isNovel(node) ? NOVEL_TYPE : node.type),
      name: strings.index(node.name),
      id: node.id,
      self_size: node.size,
      edge_count: node.edges.length,
      trace_node_id: node.trace,
      detachedness: node.detachedness,
    };
    nodeRows.push(nodeFields.map((field) => cells[field]));
    for (const { type, name, to } of node.edges) {
      const numbered = type === 'element' || type === 'hidden';
      const edge = {
        type: edgeTypes.indexOf(type),
        name_or_index: numbered ? Number(name) || 0 : strings.index(String(name)),
        to_node: position.get(to),
      };
      edgeRows.push(edgeFields.map((field) => edge[field]));
    }
    if (node.location) {
      const [script, line, column] = node.location;
      const middle = layout.scriptObjects ? [0] : [];
      locationRows.push([position.get(node), script, ...middle, line, column]);
    }
  }
  const traceTree = layout.traces
    ? [1, 0, 0, 0, [2, 1, 3, 120, [3, 0, 1, 16, []], 4, 1, 0, 0, []]]
    : [];
  const traceFunctions = layout.traces
    ? [
        [0, strings.index('(root)'), strings.index(''), 0, 0, 0],
        [1, strings.index('run'), strings.index('/app/job.js'), 1, 3, 7],
      ]
    : [];
  const header = {
    meta: {
      node_fields: nodeFields,
      node_types: nodeFields.map((field) =>
        field === 'type' ? nodeTypes : field === 'name' ? 'string' : 'number',
      ),
      edge_fields: edgeFields,
      edge_types: edgeFields.map((field) =>
        field === 'type' ? edgeTypes : field === 'to_node' ? 'node' : 'string_or_number',
      ),
      trace_function_info_fields: [
        'function_id',
        'name',
        'script_name',
        'script_id',
        'line',
        'column',
      ],
      trace_node_fields: ['id', 'function_info_index', 'count', 'size', 'children'],
      sample_fields: ['timestamp_us', 'last_assigned_id'],
      ...(layout.locations ? { location_fields: locationFields } : {}),
    },
    node_count: nodes.length,
    edge_count: edgeRows.length,
    trace_function_count: traceFunctions.length,
    ...(layout.nativeBytes === null ? {} : { extra_native_bytes: layout.nativeBytes }),
  };
  const samples = layout.samples ? [[0, 9], [50_000, Math.floor(heap.nextId / 2)], [100_007, heap.nextId]] : []; // prettier-ignore

  const rows = ROW_WRITERS[layout.spacing];
  const json = JSON_WRITERS[layout.escapes];
  return `{"snapshot":${JSON.stringify(header)},
"nodes":${rows(nodeRows)},
"edges":${rows(edgeRows)},
"trace_function_infos":${rows(traceFunctions)},
"trace_tree":${JSON.stringify(traceTree)},
"samples":${rows(samples)},
"locations":${rows(layout.locations ? locationRows : [])},
"strings":[${strings.texts.map(json).join(layout.spacing === 'none' ? ',' : ',\n')}]}`;
}

/** How the numbers are laid out: as Node.js 24 does, as Node.js 20 does, and as no V8 does but JSON allows. */
const ROW_WRITERS = {
  none: (rows) => `[${rows.map((row) => row.join(',')).join(',')}]`,
  rows: (rows) => `[${rows.map((row) => row.join(',')).join('\n,')}\n]`,
  wide: (rows) => `[ ${rows.map((row) => row.join(' ,\t')).join(',\r\n')} ]`,
};

const JSON_WRITERS = {
  raw: (text) => JSON.stringify(text),
  // As V8 does it: nothing but ASCII.
  upper: (text) =>
    JSON.stringify(text).replace(
      /[^\0-\x7f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
    ),
};

function fieldOrder(fields, layout, random) {
  return layout.shuffleFields ? shuffled(fields, random) : fields;
}

function shuffled(list, random) {
  const rest = [...list];
  return list.map(() => rest.splice(random.below(rest.length), 1)[0]);
}

/** Every text once, the first one never used: as in V8's files. */
class StringTable {
  texts = ['<dummy>'];
  #indexes = new Map();

  index(text) {
    let index = this.#indexes.get(text);
    if (index === undefined) {
      index = this.texts.push(text) - 1;
      this.#indexes.set(text, index);
    }
    return index;
  }
}
