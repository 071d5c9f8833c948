'use strict';

// What a snapshot holds of the service's own objects. Runs as a worker thread: it is told file
// names and answers with a `Content`.

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const { parentPort } = require('node:worker_threads');

/**
 * @typedef {object} Content
 * @property {Record<string, number>} counts Objects by class.
 * @property {string} lasting Of everything that does not change: which objects there are, by id and
 *   size, and which of them refer to which, by what name, and to which texts.
 * @property {number[]} requests The requests that were remembered.
 */

const OWN = /^Soak/;
const CHANGING = 'SoakRequest';
/** Lists of what is in a Map or Set hang on it by one of these. */
const LISTS = new Set(['table']);

/**
 * @param {string} file
 * @returns {Content}
 */
function contentOf(file) {
  const graph = new Graph(JSON.parse(fs.readFileSync(file, 'utf8')));
  /** @type {Record<string, number>} */
  const found = {};
  /** @type {string[]} */
  const lines = [];
  /** @type {number[]} */
  const requests = [];
  for (let node = 0; node < graph.count; node++) {
    const name = graph.name(node);
    if (graph.type(node) !== 'object' || !OWN.test(name)) continue;
    found[name] = (found[name] ?? 0) + 1;
    const request = name === CHANGING ? requestNumber(graph, node) : null;
    // Without a number it is the prototype.
    if (request === null) lines.push(describe(graph, node));
    else requests.push(request);
  }
  const counts = Object.fromEntries(Object.entries(found).sort());
  const lasting = createHash('sha256').update(lines.sort().join('\n')).digest('hex');
  return { counts, lasting, requests: requests.sort((a, b) => a - b) };
}

/**
 * @param {Graph} graph
 * @param {number} node
 */
function requestNumber(graph, node) {
  const label = graph.edges(node).find(({ name }) => name === 'label');
  return label ? Number(graph.name(label.to).replace('request ', '')) : null;
}

/**
 * @param {Graph} graph
 * @param {number} node
 */
function describe(graph, node) {
  const references = graph.edges(node).flatMap((edge) => {
    if (edge.type === 'internal' && LISTS.has(edge.name)) {
      return graph.edges(edge.to).map(({ to }) => `in ${edge.name}: ${identify(graph, to)}`);
    }
    const isOwn = edge.type === 'property' && edge.name !== '__proto__';
    return isOwn ? [`${edge.name}: ${identify(graph, edge.to)}`] : [];
  });
  return `${identify(graph, node)} ${graph.selfSize(node)} ${references.sort().join(', ')}`;
}

/**
 * By id if it is one of the service's objects, by its text if it is one.
 *
 * @param {Graph} graph
 * @param {number} node
 */
function identify(graph, node) {
  const [type, name] = [graph.type(node), graph.name(node)];
  if (type === 'string') return JSON.stringify(name);
  return type === 'object' && OWN.test(name) ? `${name}@${graph.id(node)}` : `a ${type}`;
}

/** A snapshot to be asked. Nodes are numbered from 0. */
class Graph {
  /** @param {any} document */
  constructor({ snapshot: { meta }, nodes, edges, strings }) {
    this.meta = meta;
    this.nodes = nodes;
    this.edgeNumbers = edges;
    this.strings = strings;
    this.width = meta.node_fields.length;
    this.count = nodes.length / this.width;
    const column = (/** @type {string} */ name) => meta.node_fields.indexOf(name);
    this.columns = {
      type: column('type'),
      name: column('name'),
      id: column('id'),
      size: column('self_size'),
      edges: column('edge_count'),
    };
    this.firstEdges = new Uint32Array(this.count + 1);
    for (let node = 0; node < this.count; node++) {
      this.firstEdges[node + 1] = this.firstEdges[node] + this.#field(node, this.columns.edges);
    }
  }

  /**
   * @param {number} node
   * @param {number} column
   * @returns {number}
   */
  #field(node, column) {
    return this.nodes[node * this.width + column];
  }

  /** @param {number} node @returns {string} */
  type(node) {
    return this.meta.node_types[this.columns.type][this.#field(node, this.columns.type)];
  }

  /** @param {number} node @returns {string} */
  name(node) {
    return this.strings[this.#field(node, this.columns.name)];
  }

  /** @param {number} node */
  id(node) {
    return this.#field(node, this.columns.id);
  }

  /** @param {number} node */
  selfSize(node) {
    return this.#field(node, this.columns.size);
  }

  /**
   * @param {number} node
   * @returns {Array<{ type: string, name: string, to: number }>}
   */
  edges(node) {
    const [type, name, to] = ['type', 'name_or_index', 'to_node'].map((field) =>
      this.meta.edge_fields.indexOf(field),
    );
    const width = this.meta.edge_fields.length;
    const found = [];
    for (let edge = this.firstEdges[node]; edge < this.firstEdges[node + 1]; edge++) {
      const row = this.edgeNumbers.slice(edge * width, (edge + 1) * width);
      const kind = this.meta.edge_types[type][row[type]];
      const label = ['element', 'hidden'].includes(kind)
        ? String(row[name])
        : this.strings[row[name]];
      found.push({ type: kind, name: label, to: row[to] / this.width });
    }
    return found;
  }
}

parentPort?.on('message', (file) => {
  try {
    parentPort?.postMessage({ content: contentOf(file) });
  } catch (error) {
    parentPort?.postMessage({ error: String(error) });
  }
});
