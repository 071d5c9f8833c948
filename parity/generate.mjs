// Synthetic heap snapshots: small, seeded, and full of what Node.js rarely or never writes but the format allows and Chrome
// DevTools has rules for. A snapshot is a heap of random nodes and edges, with a few structures planted into it on purpose
// (weak collections, detached DOM trees, event listeners, islands without a root, ...): the random part finds the
// combinations that nobody thought of, the planted part makes sure that every rule is reached often.

import { randomChoices } from './random.mjs';
import { NODE_TYPES, writeText } from './generated-text.mjs';

/** @typedef {{type: string, name: string | number, to: HeapNode}} HeapEdge */
/**
 * @typedef {{type: string, name: string, id: number, size: number, detachedness: number, trace: number,
 *   location: number[] | null, edges: HeapEdge[]}} HeapNode
 */
/** @typedef {ReturnType<typeof randomChoices>} Choices */
/** @typedef {{nodes: HeapNode[], nextId: number, random: Choices, size: () => number}} Heap */

// Names that mean something to one of DevTools' rules, or that are awkward to write or to compare.
const OBJECT_NAMES = [
  'Object', 'Object', 'Object', 'Array', 'Array', 'Map', 'Session', 'Job', 'Function', 'RegExp', '(array)', '(string)',
  '{id, name}', 'system / Context', 'system / Context / scope @17', 'Detached Job', 'Detached <li k="1">', '<a href="x y">',
  '<i>', 'V8EventListener', 'toString', '__proto__', 'constructor', 'bool', 'int', '',
]; // prettier-ignore
const NATIVE_NAMES = [
  '<p id="q r">', '<p>', '<unclosed', 'Detached <td colspan="2">', 'Detached <td', 'Detached Job', 'Text', 'V8EventListener',
  'system / JSArrayBufferData', 'system / ExternalStringData', 'system / NativeContext', 'system / NativeContext / https://a.b',
  'Detached system / NativeContext', 'Array', 'Node / Environment', 'InternalNode', 'system / Context',
]; // prettier-ignore
const NAMES_BY_TYPE = {
  object: OBJECT_NAMES,
  native: NATIVE_NAMES,
  hidden: ['system / Map', 'system / NativeContext', 'system / PropertyCell', 'system / WeakCell', 'undefined'],
  array: ['', '(object elements)', '(object properties)', '(map descriptors)', 'Array'],
  string: ['', 'a', 'again', 'again', '7', 'true', 'two\nlines', 'z'.repeat(700), '\u00fcber \u{1f9ea}', '\ud801'],
  'sliced string': ['again', '(sliced string)'],
  'concatenated string': ['(concatenated string)', ''],
  code: ['', 'run', 'Array', 'system / Script', '(X builtin code)'],
  closure: ['', 'run', 'Array', 'native_bind', 'Function'],
  regexp: ['^a.*"b"$', 'RegExp'],
  number: ['heap number', 'smi number', 'int', 'bool'],
  synthetic: ['', '(GC roots)', '(Global handles)', '(Document DOM trees)'],
  symbol: ['symbol', 'Array'],
  bigint: ['bigint'],
  'object shape': ['system / Map', 'system / DescriptorArray'],
}; // prettier-ignore
const PROPERTY_NAMES = [
  'id', 'name', 'next', 'value', 'length', '__proto__', 'constructor', 'has space', 'comma,', 'quote"', "apostrophe'", '{open', 'shut}',
  'back\\slash', 'tab\t', '\u0001', '3', '12', 'caf\u00e9', '\u{1f600}', '\uff5e', '\udc00', '\ud83d', 'link',
  'aPropertyWhoseNameAloneIsNearlyHalfOfWhatAnInterfaceNameMayHave', 'andAnotherOneThatIsLongEnoughToReachTheLimitWithTheFirst',
]; // prettier-ignore
const INTERNAL_NAMES = [
  'map', 'elements', 'properties', 'native_context', 'table', 'first', 'second', 'parent', 'code', 'value', 'length', 'hash',
  'truncated', 'sloppy_function_map', 'context', 'shared', '1', '2', '5', '2 / x', 'held / DevTools console', '',
]; // prettier-ignore
const SHORTCUT_NAMES = [
  '1',
  '2',
  '3rd',
  ' 4',
  '-5',
  '+6',
  '0x10',
  '1e3',
  'window',
  'log / DevTools console',
];
const WEAK_NAMES = ['1', '9', 'target', 'key'];

/**
 * Two snapshots of "one process": the second one is the first with nodes gone, come, grown and moved, or now and then
 * something else altogether.
 *
 * @param {number} seed Any integer; the same seed gives the same texts.
 * @returns {{base: string, current: string}} The texts of two `.heapsnapshot` files.
 */
export function generatePair(seed) {
  const random = randomChoices(seed);
  const heap = buildHeap(random);
  const base = writeText(heap, chooseLayout(random), random);
  const later = random.oneIn(6) ? buildHeap(random) : evolve(heap);
  const current = writeText(later, chooseLayout(random), random);
  return { base, current };
}

/** @param {Choices} random */
function chooseLayout(random) {
  return {
    traces: random.oneIn(4),
    detachedness: !random.oneIn(5),
    shuffleFields: random.oneIn(8),
    shuffleTypes: random.oneIn(8),
    scriptObjects: random.oneIn(6),
    locations: !random.oneIn(10),
    extraTypes: random.oneIn(4),
    samples: random.oneIn(3),
    nativeBytes: random.oneIn(3) ? random.below(100_000) : null,
    spacing: random.pick(['none', 'rows', 'wide']),
    escapes: random.pick(['upper', 'raw']),
  };
}

/** @param {Choices} random @returns {Heap} */
function buildHeap(random) {
  const huge = random.oneIn(8);
  const size = () => {
    if (random.oneIn(7)) return 0;
    if (huge && random.oneIn(4)) return 2 ** 32 - random.between(1, 40);
    return 8 * random.between(1, 24);
  };
  const heap = { nodes: [], nextId: 3, random, size };
  const root = addNode(heap, 'synthetic', '', { id: 1, size: 0 });
  const count = random.oneIn(25) ? random.between(300, 1500) : random.between(3, 60);
  for (let i = 0; i < count; i += 1) addRandomNode(heap);
  const plants = Object.values(PLANTS).filter(() => random.oneIn(3));
  for (const plant of plants) plant(heap);
  for (const node of heap.nodes.slice(1)) addRandomEdges(heap, node, random.below(4));
  connectRoot(heap, root);
  keepConsStringsFinite(heap);
  return heap;
}

/**
 * @param {Heap} heap
 * @param {string} type
 * @param {string} name
 * @param {Partial<HeapNode>} [fields]
 */
function addNode(heap, type, name, fields = {}) {
  const { random } = heap;
  const node = {
    type,
    name,
    id: heap.nextId,
    size: heap.size(),
    detachedness: 0,
    trace: random.below(6),
    location: null,
    edges: [],
    ...fields,
  };
  heap.nextId += 2;
  heap.nodes.push(node);
  return node;
}

/** @param {Heap} heap */
function addRandomNode(heap) {
  const { random } = heap;
  const type = random.oneIn(3) ? 'object' : random.pick(NODE_TYPES);
  const node = addNode(heap, type, random.pick(NAMES_BY_TYPE[type]));
  if (random.oneIn(8) || (type === 'native' && random.oneIn(2))) node.id -= 1;
  if (random.oneIn(5)) node.detachedness = random.below(4);
  // Few scripts and few lines, so that classes meet at one place and the same class comes from several.
  if ((type === 'object' && random.oneIn(3)) || (type === 'closure' && random.oneIn(2))) {
    node.location = [random.between(1, 2), random.below(2), 4];
  }
  return node;
}

function connect(from, type, name, to) {
  from.edges.push({ type, name, to });
}

/** @param {Heap} heap @param {HeapNode} node @param {number} count */
function addRandomEdges(heap, node, count) {
  const { random } = heap;
  for (let i = 0; i < count; i += 1) {
    const to = random.pick(heap.nodes);
    const type =
      node.type === 'object' && random.oneIn(2) ? 'property' : random.pick(Object.keys(EDGE_NAMES));
    connect(node, type, EDGE_NAMES[type](random), to);
  }
}

/** How an edge of a type may be called. @type {Record<string, (random: Choices) => string | number>} */
const EDGE_NAMES = {
  context: (random) => random.pick(PROPERTY_NAMES),
  // V8 prints indices from 2^31 on as negative numbers.
  element: (random) => (random.oneIn(80) ? -294_967_296 : random.below(6)),
  property: (random) => random.pick(PROPERTY_NAMES),
  internal: (random) => random.pick(INTERNAL_NAMES),
  hidden: (random) => random.below(9),
  shortcut: (random) => random.pick(SHORTCUT_NAMES),
  weak: (random) => random.pick(WEAK_NAMES),
};

/** Roots with and without user roots: the latter is what `exposeInternals` looks like. @param {Heap} heap @param {HeapNode} root */
function connectRoot(heap, root) {
  const { random } = heap;
  const userRoots = !random.oneIn(5);
  const taken = new Set();
  for (let i = random.between(1, 6); i > 0; i -= 1) {
    const to = random.pick(heap.nodes);
    // DevTools' search for distances can overrun its queue when the root names a node twice.
    if (taken.has(to) && !random.oneIn(15)) continue;
    const isUserRoot = to.type !== 'synthetic' || to.name === '(Document DOM trees)';
    if (!userRoots && isUserRoot) continue;
    taken.add(to);
    const type = random.oneIn(3)
      ? 'shortcut'
      : random.oneIn(8)
        ? random.pick(Object.keys(EDGE_NAMES))
        : 'element';
    connect(root, type, EDGE_NAMES[type](random), to);
  }
}

/** Structures that one rule or another is about. @type {Record<string, (heap: Heap) => void>} */
const PLANTS = {
  /** Plain objects of a few overlapping shapes, enough of them for interfaces to be inferred. */
  shapes(heap) {
    const { random } = heap;
    const shapes = Array.from({ length: random.between(1, 5) }, () =>
      Array.from({ length: random.between(0, 5) }, () => random.pick(PROPERTY_NAMES)),
    );
    for (let i = random.between(5, 40); i > 0; i -= 1) {
      const object = addNode(heap, 'object', 'Object');
      const keys = [...random.pick(shapes), ...(random.oneIn(3) ? random.pick(shapes) : [])];
      if (random.oneIn(8)) keys.reverse();
      for (const key of keys) connect(object, 'property', key, random.pick(heap.nodes));
      if (random.oneIn(2)) connect(object, 'property', '__proto__', heap.nodes[0]);
      if (!random.oneIn(5)) connect(random.pick(heap.nodes), 'property', 'link', object);
    }
  },

  /** Entries of weak collections: an edge to the value from the key and one from the table, under one name. */
  weakMaps(heap) {
    const { random } = heap;
    for (let i = random.between(1, 8); i > 0; i -= 1) {
      const [key, value, table] = [0, 1, 2].map(() => random.pick(heap.nodes));
      const label = (node) => `${node.name.slice(0, 30)} @${node.id}`;
      const pair = `part of key (${label(key)}) -> value (${label(value)}) pair in WeakMap (table @${table.id})`;
      const name = random.oneIn(9)
        ? 'part of key (%s @%u) -> value (%s @%u) pair in WeakMap (table @%u)'
        : random.oneIn(9) ? `${pair} ` : pair;
      const position = () => `${random.between(1, 30)} / `;
      if (!random.oneIn(8)) connect(key, 'internal', position() + name, value);
      if (!random.oneIn(8)) connect(table, 'internal', position() + name, value);
      if (random.oneIn(6)) connect(random.pick(heap.nodes), random.pick(['internal', 'property']), position() + name, value);
    }
  },

  /** Nodes of the embedder that are attached to or detached from a page, with states that spread. */
  domTrees(heap) {
    const { random } = heap;
    const trees = addNode(heap, 'synthetic', '(Document DOM trees)', { size: 0 });
    connect(heap.nodes[0], 'element', 1, trees);
    const elements = Array.from({ length: random.between(3, 12) }, () =>
      addNode(heap, 'native', random.pick(NATIVE_NAMES), { detachedness: random.below(4) }),
    );
    for (const element of elements) {
      if (random.oneIn(3)) connect(trees, 'element', random.below(4), element);
      connect(element, random.pick(['internal', 'element', 'hidden', 'weak']), '1', random.pick(elements));
      if (random.oneIn(2)) connect(random.pick(heap.nodes), 'property', 'node', element);
    }
    for (const { edges } of elements) for (const edge of edges) if (edge.type in { element: 1, hidden: 1 }) edge.name = 1;
  },

  /** A listener, its callback, and where the callback's code is: on itself, on a child, or nowhere. */
  eventListeners(heap) {
    const { random } = heap;
    for (let i = random.between(1, 4); i > 0; i -= 1) {
      const listener = addNode(heap, random.pick(['native', 'object']), 'V8EventListener');
      const callback = addNode(heap, random.pick(['closure', 'object']), 'onEvent');
      const bound = addNode(heap, 'closure', 'bound');
      const code = addNode(heap, 'code', 'onEvent');
      if (!random.oneIn(5)) connect(listener, random.pick(['internal', 'property', 'weak']), '1', callback);
      connect(callback, 'internal', 'bound', bound);
      if (random.oneIn(2)) connect(random.oneIn(2) ? callback : bound, random.pick(['internal', 'property']), 'code', code);
      connect(random.pick(heap.nodes), 'property', 'handler', listener);
      connect(bound, 'context', 'captured', random.pick(heap.nodes));
    }
  },

  /** Values that only the console holds on to. */
  console(heap) {
    const { random } = heap;
    const handles = addNode(heap, 'synthetic', '(Global handles)', { size: 0 });
    connect(heap.nodes[0], 'element', 2, handles);
    for (let i = random.between(1, 5); i > 0; i -= 1) {
      const type = random.pick(['internal', 'internal', 'shortcut', 'property']);
      const name = `${i}${random.pick([' / DevTools console', ' / x', ' / DevTools console '])}`;
      connect(handles, type, name, random.pick(heap.nodes));
    }
  },

  /** Closures over contexts. */
  contexts(heap) {
    const { random } = heap;
    for (let i = random.between(1, 4); i > 0; i -= 1) {
      const context = addNode(heap, 'object', random.pick(['system / Context', 'system / Context / scope @9', 'system / Contexts']));
      const closure = addNode(heap, 'closure', 'run', { location: [1, random.below(3), 4] });
      connect(closure, 'internal', 'context', context);
      connect(context, 'context', random.pick(PROPERTY_NAMES), random.pick(heap.nodes));
      connect(random.pick(heap.nodes), 'property', 'run', closure);
    }
  },

  /** Native contexts, maps of maps, and objects that belong to one or several of them. */
  nativeContexts(heap) {
    const { random } = heap;
    const contexts = Array.from({ length: random.between(1, 3) }, () =>
      addNode(heap, random.pick(['hidden', 'native', 'object']), random.pick(['system / NativeContext', 'system / NativeContext / a'])),
    );
    for (const context of contexts) {
      connect(heap.nodes[0], 'shortcut', String(random.between(2, 4)), context);
      connect(context, 'internal', 'sloppy_function_map', random.pick(heap.nodes));
      for (let i = 0; i < 3; i += 1) {
        const [object, map, mapOfMap] = ['object', 'object shape', 'object shape'].map((type) => addNode(heap, type, 'Job'));
        connect(object, 'internal', 'map', map);
        connect(map, 'internal', 'map', mapOfMap);
        if (!random.oneIn(4)) connect(mapOfMap, 'internal', 'native_context', random.pick(contexts));
        connect(random.pick(heap.nodes), random.pick(['property', 'shortcut', 'weak']), 'job', object);
        connect(context, 'property', 'held', object);
      }
    }
  },

  /** Descriptors, every third of which DevTools does not follow. */
  mapDescriptors(heap) {
    const { random } = heap;
    const descriptors = addNode(heap, random.pick(['array', 'object']), '(map descriptors)');
    for (let i = 0; i < 9; i += 1) {
      connect(descriptors, random.pick(['internal', 'element', 'hidden']), i, random.pick(heap.nodes));
    }
    for (const edge of descriptors.edges) {
      if (edge.type === 'internal') edge.name = random.oneIn(6) ? 'map' : String(edge.name);
    }
    connect(random.pick(heap.nodes), 'internal', 'map', descriptors);
  },

  /** Arrays with a backing store of their own, and some that share one. */
  arrays(heap) {
    const { random } = heap;
    const shared = addNode(heap, 'array', '(object elements)');
    for (let i = random.between(1, 5); i > 0; i -= 1) {
      const array = addNode(heap, 'object', 'Array');
      const elements = random.oneIn(3) ? shared : addNode(heap, 'array', '(object elements)');
      connect(array, random.oneIn(8) ? 'weak' : 'internal', 'elements', elements);
      for (let k = random.below(4); k > 0; k -= 1) {
        const value = random.pick(heap.nodes);
        connect(array, 'element', k, value);
        connect(elements, 'internal', String(k + 1), value);
      }
      connect(random.pick(heap.nodes), 'property', 'list', array);
    }
  },

  /** Ropes, also wide and deep ones, and what counts as truncated. */
  strings(heap) {
    const { random } = heap;
    let rope = addNode(heap, 'string', 'leaf');
    for (let i = random.between(1, random.oneIn(6) ? 300 : 8); i > 0; i -= 1) {
      const next = addNode(heap, 'concatenated string', '(concatenated string)');
      const other = addNode(heap, 'string', random.pick(NAMES_BY_TYPE.string));
      connect(next, 'internal', 'first', random.oneIn(3) ? other : rope);
      if (!random.oneIn(8)) connect(next, 'internal', 'second', rope);
      rope = next;
    }
    connect(random.pick(heap.nodes), 'property', 'text', rope);
    const number = (name, text) => {
      const node = addNode(heap, 'number', name);
      connect(node, 'internal', 'value', addNode(heap, 'string', text, { size: 0 }));
      return node;
    };
    for (let i = random.between(2, 8); i > 0; i -= 1) {
      const text = addNode(heap, random.pick(['string', 'string', 'concatenated string']), random.pick(['again', 'long...']));
      if (random.oneIn(2)) connect(text, 'internal', 'truncated', number('bool', random.pick(['true', 'true', 'false', '1'])));
      if (random.oneIn(2)) connect(text, 'internal', 'length', number('int', random.pick(['2000', '3000', 'x'])));
      if (random.oneIn(2)) connect(text, 'internal', 'hash', number('int', random.pick(['77', '78', ''])));
      connect(random.pick(heap.nodes), 'property', 'text', text);
    }
  },

  /** Movable storage with one owner, with several, in chains, and with none. */
  ownership(heap) {
    const { random } = heap;
    const stores = Array.from({ length: random.between(2, 8) }, () => {
      const type = random.pick(['array', 'hidden', 'native']);
      return addNode(heap, type, type === 'native' ? 'system / ExternalStringData' : '');
    });
    for (const store of stores) {
      const from = random.oneIn(2) ? random.pick(stores) : random.pick(heap.nodes);
      connect(from, random.pick(['internal', 'hidden', 'shortcut', 'weak', 'property']), '1', store);
    }
    for (const node of heap.nodes) for (const edge of node.edges) if (edge.type === 'hidden') edge.name = Number(edge.name) || 0;
  },

  /** Islands: rings that nothing reaches, and nodes that only weak edges reach. */
  islands(heap) {
    const { random } = heap;
    for (let i = random.between(1, 3); i > 0; i -= 1) {
      const ring = Array.from({ length: random.between(1, 6) }, () => addRandomNode(heap));
      ring.forEach((node, at) => connect(node, 'property', 'next', ring[(at + 1) % ring.length]));
      if (random.oneIn(2)) connect(random.pick(ring), 'property', 'out', random.pick(heap.nodes));
      if (random.oneIn(2)) connect(random.pick(heap.nodes), 'weak', 'target', random.pick(ring));
    }
  },

  /** Objects whose class key meets that of another class. */
  collidingClasses(heap) {
    const { random } = heap;
    for (let i = random.between(2, 10); i > 0; i -= 1) {
      const name = random.pick(['Function', 'RegExp', '(string)', '(array)', '(system)', '(compiled code)', '{id, name}', 'Job']);
      const location = random.oneIn(3) ? [1, random.below(2), 4] : null;
      connect(random.pick(heap.nodes), 'property', 'odd', addNode(heap, 'object', name, { location }));
      connect(random.pick(heap.nodes), 'property', 'fn', addNode(heap, random.pick(['closure', 'regexp', 'array']), name));
    }
  },
}; // prettier-ignore

/** A string of more parts than this is cut: with empty leaves, DevTools walks all of them. */
const MAX_STRING_PARTS = 2000;

/**
 * A concatenated string that contains itself would never end when it is written out, in DevTools or anywhere; V8 cannot make
 * one. Parts may only be nodes that come earlier in the file, and may not double too often.
 *
 * @param {Heap} heap
 */
function keepConsStringsFinite(heap) {
  const order = new Map(heap.nodes.map((node, ordinal) => [node, ordinal]));
  const parts = new Map();
  for (const [node, ordinal] of order) {
    if (node.type !== 'concatenated string') continue;
    let total = 1;
    node.edges = node.edges.filter(({ type, name, to }) => {
      if (type !== 'internal' || (name !== 'first' && name !== 'second')) return true;
      if (order.get(to) >= ordinal || total + (parts.get(to) ?? 1) > MAX_STRING_PARTS) return false;
      total += parts.get(to) ?? 1;
      return true;
    });
    parts.set(node, total);
  }
}

/**
 * What the heap may look like some time later. Nodes keep their ids; those of the embedder get new ones, as V8 gives them.
 *
 * @param {Heap} heap
 * @returns {Heap}
 */
function evolve(heap) {
  const { random } = heap;
  const gone = new Set(heap.nodes.slice(1).filter(() => random.oneIn(10)));
  const copies = new Map(
    heap.nodes.filter((node) => !gone.has(node)).map((node) => [node, { ...node }]),
  );
  for (const copy of copies.values()) {
    copy.edges = copy.edges
      .filter((edge) => !gone.has(edge.to))
      .map((edge) => ({ ...edge, to: copies.get(edge.to) }));
  }
  const later = { ...heap, nodes: [...copies.values()] };
  const survivors = later.nodes.slice(1);
  for (const node of survivors) {
    if (random.oneIn(12)) node.size = heap.size();
    if (random.oneIn(40)) node.name = random.pick(NAMES_BY_TYPE[node.type]);
    if (random.oneIn(10)) addRandomEdges(later, node, 1);
    if (node.id % 2 === 0 && !random.oneIn(4)) node.id = later.nextId - 1;
    if (node.id % 2 === 0) later.nextId += 2;
  }
  for (let i = random.below(15); i > 0; i -= 1) {
    const node = addRandomNode(later);
    addRandomEdges(later, node, random.below(4));
    connect(random.pick(later.nodes), 'property', 'more', node);
  }
  for (const plant of Object.values(PLANTS)) if (random.oneIn(8)) plant(later);
  keepConsStringsFinite(later);
  return later;
}
