'use strict';

// Files that no V8 writes: what the format allows is read as if V8 had written it, and what
// contradicts itself is one error that says what and where. `npm run fuzz` goes through damage by
// the million; here is what takes a thought.

const assert = require('node:assert/strict');
const { describe, test } = require('node:test');
const { diffSnapshots, openSnapshot } = require('..');

const NODE_TYPES = [
  'hidden', 'array', 'string', 'object', 'code', 'closure', 'regexp', 'number', 'native', 'synthetic', 'concatenated string',
  'sliced string', 'symbol', 'bigint', 'object shape',
]; // prettier-ignore
const EDGE_TYPES = ['context', 'element', 'property', 'internal', 'hidden', 'shortcut', 'weak'];

/**
 * A heap of five nodes, each row by the names of its columns, so that a test can have them in any
 * order.
 */
function heap() {
  const node = (
    /** @type {string} */ type,
    /** @type {number} */ name,
    /** @type {any} */ id,
    /** @type {any} */ self_size,
    /** @type {any} */ edge_count,
  ) => ({ type: NODE_TYPES.indexOf(type), name, id, self_size, edge_count, detachedness: 0 });
  const edge = (
    /** @type {string} */ type,
    /** @type {any} */ name_or_index,
    /** @type {any} */ to,
  ) => ({ type: EDGE_TYPES.indexOf(type), name_or_index, to });
  return {
    nodeFields: ['type', 'name', 'id', 'self_size', 'edge_count', 'detachedness'],
    edgeFields: ['type', 'name_or_index', 'to_node'],
    nodeTypes: NODE_TYPES,
    edgeTypes: EDGE_TYPES,
    /** @type {Array<Record<string, any>>} */
    nodes: [
      node('synthetic', 0, 1, 0, 2),
      node('synthetic', 1, 3, 0, 1),
      node('object', 2, 5, 16, 1),
      node('object', 3, 7, 24, 0),
      node('string', 4, 9, 32, 0),
    ],
    /** @type {Array<Record<string, any>>} */
    edges: [
      edge('element', 1, 1),
      edge('property', 2, 2),
      edge('property', 3, 3),
      edge('property', 4, 4),
    ],
    /** @type {Record<string, any>} What else the header has, or has instead. */
    header: {},
    /** @type {Record<string, any>} What else `meta` has, or has instead. */
    meta: {},
    /** @type {string | null} Null: one, of the third node. */
    locations: null,
    strings: '["","(GC roots)","Foo","Bar","hello","x"]',
  };
}

/** @typedef {ReturnType<typeof heap>} Heap */

/**
 * @param {(heap: Heap) => void} [change]
 * @returns {{ text: string, sections: string[] }} The file, and its sections in order.
 */
function write(change) {
  const it = heap();
  change?.(it);
  const width = it.nodeFields.length;
  const rows = (
    /** @type {string[]} */ fields,
    /** @type {Array<Record<string, any>>} */ table,
    /** @type {(row: Record<string, any>, field: string) => unknown} */ cell,
  ) => table.map((row) => fields.map((field) => cell(row, field)).join(',')).join('\n,');
  const types = (/** @type {string[]} */ fields, /** @type {string[]} */ names) =>
    fields.map((field) => (field === 'type' ? names : 'number'));
  const header = {
    meta: {
      node_fields: it.nodeFields,
      node_types: types(it.nodeFields, it.nodeTypes),
      edge_fields: it.edgeFields,
      edge_types: types(it.edgeFields, it.edgeTypes),
      location_fields: ['object_index', 'script_id', 'line', 'column'],
      sample_fields: ['timestamp_us', 'last_assigned_id'],
      ...it.meta,
    },
    node_count: it.nodes.length,
    edge_count: it.edges.length,
    trace_function_count: 0,
    ...it.header,
  };
  const to = (/** @type {any} */ target) => (typeof target === 'number' ? target * width : target);
  const sections = [
    `"snapshot":${JSON.stringify(header)}`,
    `"nodes":[${rows(it.nodeFields, it.nodes, (row, field) => row[field] ?? 0)}]`,
    `"edges":[${rows(it.edgeFields, it.edges, (row, field) =>
      field === 'to_node' ? to(row.to) : (row[field] ?? 0),
    )}]`,
    '"trace_function_infos":[]',
    '"trace_tree":[]',
    '"samples":[1,5,2,9]',
    `"locations":[${it.locations ?? `${2 * width},1,2,3`}]`,
    `"strings":${it.strings}`,
  ];
  return { text: join(sections), sections };
}

/** @param {string[]} sections */
const join = (sections) => `{${sections.join(',\n')}}`;

/** @param {string} text */
async function facts(text) {
  const snapshot = await openSnapshot(Buffer.from(text));
  const nodes = [1, 3, 5, 7, 9].map((id) => snapshot.node(id));
  const edges = [1, 3, 5, 7, 9].map((id) => snapshot.edges(id));
  const { stats, warnings } = snapshot;
  const classes = snapshot.classes();
  snapshot.close();
  return { nodes, edges, stats, classes, warnings };
}

const plain = write();
const [SNAPSHOT, NODES, EDGES, TRACE_INFOS, TRACE_TREE, SAMPLES, LOCATIONS, STRINGS] =
  plain.sections;
const DEEP = 100_000;

describe('a file that the format allows is read as if V8 had written it', () => {
  /** @type {Record<string, string>} */
  const files = {
    'columns of nodes in another order': write((it) => it.nodeFields.reverse()).text,
    'columns of edges in another order': write((it) => it.edgeFields.reverse()).text,
    'columns that nobody knows': write((it) => {
      it.nodeFields.splice(2, 0, 'novel');
      it.edgeFields.push('novel');
    }).text,
    'no column of detachedness': write((it) => it.nodeFields.pop()).text,
    'types in another order': write((it) => {
      const [nodeTypes, edgeTypes] = [[...NODE_TYPES].reverse(), [...EDGE_TYPES].reverse()];
      for (const node of it.nodes) node.type = nodeTypes.indexOf(NODE_TYPES[node.type]);
      for (const edge of it.edges) edge.type = edgeTypes.indexOf(EDGE_TYPES[edge.type]);
      Object.assign(it, { nodeTypes, edgeTypes });
    }).text,
    'types that nobody uses': write((it) => {
      it.nodeTypes = [...NODE_TYPES, 'moon rock'];
      it.edgeTypes = [...EDGE_TYPES, 'wormhole'];
    }).text,
    'edges before nodes': join([SNAPSHOT, EDGES, NODES, SAMPLES, LOCATIONS, STRINGS]),
    'strings before all rows': join([SNAPSHOT, STRINGS, NODES, EDGES, LOCATIONS]),
    'no section of traces and samples': join([SNAPSHOT, NODES, EDGES, LOCATIONS, STRINGS]),
    'locations of which `meta` says nothing': write((it) => {
      it.meta.location_fields = undefined;
    }).text.replace('12,1,2,3', '1,2,3'),
    'a byte order mark, and blanks before it begins': `\ufeff \n\t${plain.text}`,
    'line ends of Windows': plain.text.replaceAll('\n', '\r\n'),
    'blanks around each number': plain.text.replaceAll(',', ' ,\t').replaceAll('[', '[ '),
    'a section that is nested deeply': join([
      SNAPSHOT,
      `"novel":${'['.repeat(DEEP)}${']'.repeat(DEEP)}`,
      NODES,
      EDGES,
      TRACE_INFOS,
      `"trace_tree":${'[1,0,0,0,'.repeat(DEEP)}[]${']'.repeat(DEEP)}`,
      LOCATIONS,
      `"novel, too":{"a":"]}","b":[{"c":"\\"}"}]}`,
      STRINGS,
    ]),
  };
  for (const [what, text] of Object.entries(files)) {
    test(what, async () => {
      assert.notEqual(text, plain.text);
      const [expected, found] = [await facts(plain.text), await facts(text)];
      assert.deepEqual(found, expected);
    });
  }

  test('a node of a type that V8 does not have yet', async () => {
    const { nodes, classes } = await facts(
      write((it) => {
        it.nodeTypes = [...NODE_TYPES, 'moon rock'];
        it.nodes[3].type = NODE_TYPES.length;
      }).text,
    );
    assert.equal(nodes[3]?.type, 'moon rock');
    assert.equal(nodes[3]?.selfBytes, 24);
    assert.ok(classes.some(({ className }) => className === nodes[3]?.className));
  });

  test('halves of surrogate pairs, and pairs', async () => {
    const strings = '["","(GC roots)","\\ud800","\\ud83d\\ude00","\\udc00x","x"]';
    const { nodes } = await facts(write((it) => Object.assign(it, { strings })).text);
    assert.equal(nodes[3]?.className, '\u{1f600}');
    assert.ok(nodes.every((node) => node !== null && node.name.isWellFormed?.() !== false));
  });

  test('sizes that are summed up modulo 4 GiB, with a warning for each', async () => {
    const size = '9007199254740991';
    const { nodes, warnings } = await facts(write((it) => (it.nodes[2].self_size = size)).text);
    assert.equal(nodes[2]?.selfBytes, 0xffffffff);
    assert.match(
      warnings.join(),
      /^bytes: node @5 has 9007199254740991 bytes; like Chrome DevTools/,
    );
  });
});

describe('a file that contradicts itself is one error, which says what and where', () => {
  /** @type {Array<[string, string, RegExp]>} */
  const files = [
    ['no `snapshot`', join([NODES, EDGES, STRINGS]), /`nodes` comes before `snapshot`/],
    ['nodes before it', join([NODES, SNAPSHOT, EDGES, STRINGS]), /`nodes` comes before `snapshot`/],
    ['no `nodes`', join([SNAPSHOT, EDGES, STRINGS]), /there is no `nodes`/],
    ['no `edges`', join([SNAPSHOT, NODES, STRINGS]), /there is no `edges`/],
    ['no `strings`', join([SNAPSHOT, NODES, EDGES]), /there is no `strings`/],
    ['two `nodes`', join([SNAPSHOT, NODES, NODES, EDGES, STRINGS]), /`nodes` comes twice/],
    ['two headers', join([SNAPSHOT, SNAPSHOT, NODES, EDGES]), /`snapshot` comes twice/],
    ['a header of null', plain.text.replace(SNAPSHOT, '"snapshot":null'), /expected an object/],
    ['a list for a header', plain.text.replace(SNAPSHOT, '"snapshot":[]'), /cannot be understood/],
    [
      'a header without end of its nesting',
      plain.text.replace(SNAPSHOT, `"snapshot":{"meta":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`),
      /`snapshot` cannot be understood/,
    ],
    ['a header of 2 MB', write((it) => (it.header.x = 'x'.repeat(2e6))).text, /is longer than/],
    ['no column of ids', write((it) => it.nodeFields.splice(2, 1)).text, /lists no `id` in meta/],
    [
      'a type that is not listed',
      write((it) => (it.nodes[3].type = NODE_TYPES.length)).text,
      /a node of type 15, which meta does not list/,
    ],
    [
      'a type of edge that is not listed',
      write((it) => (it.edges[2].type = EDGE_TYPES.length)).text,
      /an edge of type 7, which meta does not list/,
    ],
    [
      'more types than a byte has',
      write((it) => (it.nodeTypes = Array.from({ length: 257 }, (_, i) => `type ${i}`))).text,
      /lists 257 types in meta\.node_types/,
    ],
    [
      'hundreds of columns',
      write((it) => it.nodeFields.push(...Array.from({ length: 200 }, (_, i) => `f${i}`))).text,
      /has 206 names in meta\.node_fields/,
    ],
    ['no node', write((it) => it.nodes.splice(0)).text, /impossible node_count, 0/],
    ['a negative count', write((it) => (it.header.node_count = -5)).text, /invalid value: integer/],
    ['a count as text', write((it) => (it.header.node_count = '5')).text, /invalid type: string/],
    ['one node less', write((it) => (it.header.node_count = 4)).text, /more rows than node_count/],
    [
      'one node more',
      write((it) => (it.header.node_count = 6)).text,
      /5 rows, but the header says 6/,
    ],
    ['one edge less', write((it) => (it.header.edge_count = 3)).text, /more rows than edge_count/],
    ['a node with an edge more', write((it) => (it.nodes[3].edge_count = 1)).text, /5 edges, but/],
    ['a root that is none', write((it) => (it.header.root_index = 5)).text, /root_index 5 is no/],
    ['an exponent', write((it) => (it.nodes[2].self_size = '1e3')).text, /then 'e'/],
    ['a fraction', write((it) => (it.nodes[2].self_size = '16.5')).text, /then '\.'/],
    ['a plus sign', write((it) => (it.nodes[2].self_size = '+16')).text, /has '\+' where a number/],
    ['null for a number', write((it) => (it.nodes[2].self_size = 'null')).text, /has 'n' where/],
    ['text for a number', write((it) => (it.nodes[2].self_size = '"16"')).text, /has '"' where/],
    ['nothing for a number', write((it) => (it.nodes[2].self_size = '')).text, /has ',' where/],
    [
      'a number of 65 bits',
      write((it) => (it.nodes[2].self_size = '18446744073709551616')).text,
      /does not fit 64 bits/,
    ],
    [
      'a row cut short',
      plain.text.replace(/,0\],\n"edges/, '],\n"edges'),
      /in the middle of a row/,
    ],
    ['an edge into a node', write((it) => (it.edges[2].to = '7')).text, /to 7, which is no node/],
    ['an edge to nowhere', write((it) => (it.edges[2].to = '30')).text, /to 30, which is no node/],
    ['a name that is none', write((it) => (it.nodes[3].name = 6)).text, /name 6, but there are 6/],
    [
      'a location of nothing',
      write((it) => (it.locations = '600,1,2,3')).text,
      /row for 600, which/,
    ],
    ['half a location', write((it) => (it.locations = '12,1')).text, /in the middle of a row/],
    ['a bad escape', plain.text.replace('Foo', '\\q'), /an escape that JSON does not know/],
    ['a number among the strings', plain.text.replace('"Foo"', '5'), /'"' expected in `strings`/],
    ['a comment', plain.text.replace(EDGES, `/* edges */ ${EDGES}`), /in the name of a section/],
    ['a comma that is not there', plain.text.replace(',\n"edges"', '\n"edges"'), /',' or '}' exp/],
    ['a name without end', join([SNAPSHOT, `"${'k'.repeat(1e6)}":1`, NODES]), /no readable name/],
  ];
  for (const [what, text, message] of files) {
    test(what, async () => {
      assert.notEqual(text, plain.text);
      await assert.rejects(openSnapshot(Buffer.from(text)), (/** @type {any} */ error) => {
        assert.equal(error.code, 'ERR_INVALID_SNAPSHOT', error.message);
        assert.match(error.message, message);
        assert.ok(Number.isInteger(error.offset) && error.offset <= text.length);
        assert.ok(error.message.endsWith(`(at byte ${error.offset})`));
        return true;
      });
    });
  }

  test('what is nested deeply and never ends is cut off', async () => {
    const text = join([SNAPSHOT, `"novel":${'['.repeat(DEEP)}`, NODES, EDGES, TRACE_TREE]);
    const error = { code: 'ERR_TRUNCATED_SNAPSHOT', offset: text.length };
    await assert.rejects(openSnapshot(Buffer.from(text)), error);
  });

  test('a count that the file is too small for is refused before memory is asked for', async () => {
    const text = write((it) => (it.header.node_count = 1e9)).text;
    const error = { code: 'ERR_TRUNCATED_SNAPSHOT', message: /cannot be in an input of/ };
    await assert.rejects(openSnapshot(Buffer.from(text)), error);
  });
});

describe('what many refer to is looked at once, and not once for each of them', () => {
  // If each looked at all of it, there would be billions of looks, which take minutes.
  const MANY = 200_000;
  const OPTIONS = /** @type {const} */ ({ matching: 'structural', timeoutMs: 60_000 });
  const STRINGS = [
    '', '(GC roots)', 'Map', 'Array', 'Object', 'system / Context', 'system / JSProxy', 'table', 'elements', 'properties',
    'scope_info', 'shared', '7 / part of key (Object @9) -> value (system / JSProxy @7) pair in WeakMap (table @5)',
  ]; // prettier-ignore
  const times = (/** @type {any} */ it) => new Array(MANY).fill(it);

  /** @typedef {[type: string, name: string | number, to: number]} Row An edge. */

  /**
   * A heap of these nodes, of which the first is the root.
   *
   * @param {Array<[type: string, name: string, edges: Row[]]>} rows
   */
  const heapOf = (rows) =>
    write((it) => {
      const name = (/** @type {string | number} */ it) =>
        typeof it === 'number' ? it : STRINGS.indexOf(it);
      it.strings = JSON.stringify(STRINGS);
      it.locations = '';
      it.nodes = rows.map(([type, of, edges], at) => ({
        type: NODE_TYPES.indexOf(type),
        name: name(of),
        id: 2 * at + 1,
        self_size: 32 + 8 * (MANY + 2),
        edge_count: edges.length,
      }));
      it.edges = rows.flatMap(([, , edges]) =>
        edges.map(([type, of, to]) => ({
          type: EDGE_TYPES.indexOf(type),
          name_or_index: name(of),
          to,
        })),
      );
    }).text;

  /** @type {Record<string, () => string>} */
  const heaps = {
    'one table of many Maps': () =>
      manyReferTo('array', 'internal', ['object', 'Map'], ['internal', 'table']),
    'the elements of many arrays': () =>
      manyReferTo('array', 'internal', ['object', 'Array'], ['internal', 'elements']),
    'the properties of many objects': () =>
      manyReferTo('array', 'internal', ['object', 'Object'], ['internal', 'properties']),
    'a function with many properties, in many objects': () =>
      manyReferTo('closure', 'property', ['object', 'Object'], ['property', 'table']),
    'the description of many functions': () =>
      manyReferTo('code', 'internal', ['closure', ''], ['internal', 'shared']),
    'the names of many variables of a block': () => {
      const slots = times(0).map((_, at) => /** @type {Row} */ (['hidden', at + 2, 3]));
      return heapOf([
        ['synthetic', '', [['element', 1, 1]]],
        ['object', 'system / Context', [['internal', 'scope_info', 2], ...slots]],
        ['object', 'Object', slots],
        ['string', '', []],
      ]);
    },
    'a Proxy of an object, in many entries of WeakMaps': () =>
      heapOf([
        ['synthetic', '', [['element', 1, 1]]],
        ['array', '', times(['internal', STRINGS.at(-1), 2])],
        ['hidden', 'system / JSProxy', [['hidden', 1, 3]]],
        ['object', 'Object', times(['internal', 'table', 4])],
        ['string', '', []],
      ]),
  };

  /**
   * Many nodes with one edge each to one that has as many.
   *
   * @param {string} hub Its type.
   * @param {string} itsEdges Their type.
   * @param {[type: string, name: string]} node What the many are.
   * @param {[type: string, name: string]} edge What they refer to it by.
   */
  function manyReferTo(hub, itsEdges, node, edge) {
    const [at, leaf] = [MANY + 1, MANY + 2];
    return heapOf([
      ['synthetic', '', times(0).map((_, i) => ['element', i, i + 1])],
      ...times([...node, [[...edge, at]]]),
      [hub, '', times([itsEdges, 'table', leaf])],
      ['string', '', []],
    ]);
  }

  for (const [what, make] of Object.entries(heaps)) {
    test(what, async () => {
      const bytes = Buffer.from(make());
      const report = await diffSnapshots(bytes, bytes, OPTIONS);
      assert.equal(report.verdict, 'no-leak');
    });
  }
});
