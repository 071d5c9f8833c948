'use strict';

const { HeapdiffError, settled } = require('./errors');
const { toInput } = require('./input');
const { Watch } = require('./job');
const { native } = require('./native');
const { checkChoice, checkJobOptions, checkNumber } = require('./validate');
const { checkOptions, checkSource, invalidArgument } = require('./validate');

/** @typedef {import('./native-binding').OpenSnapshot} OpenSnapshot */
/** @typedef {import('../index').Snapshot} PublicSnapshot */

const DEFAULT_TOP = 20;
const EVERYTHING = 0xffffffff;

/** @type {typeof import('../index').openSnapshot} */
async function openSnapshot(source, options) {
  const checked = checkSource(source, 'source');
  const watch = new Watch(checkJobOptions(checkOptions(options)));
  watch.checkpoint();
  const input = await toInput(checked, watch);
  return new Snapshot(await watch.run((job) => native().openSnapshot(job, input)));
}

/**
 * The native part answers in JSON: one string crosses faster than its thousands of properties.
 *
 * @implements {PublicSnapshot}
 */
class Snapshot {
  /** @type {OpenSnapshot | null} */
  #native;

  /** @param {OpenSnapshot} opened */
  constructor(opened) {
    this.#native = opened;
    /** @type {import('../index').SnapshotStats} */
    this.stats = Snapshot.#ask(this, (snapshot) => snapshot.stats());
    /** @type {string[]} */
    this.warnings = Snapshot.#ask(this, (snapshot) => snapshot.warnings());
  }

  /** @type {PublicSnapshot['classes']} */
  classes(options) {
    const { classRows, top, filter } = checkOptions(options);
    const rows = checkChoice(classRows, 'options.classRows', ['merged', 'devtools']);
    if (filter !== undefined && typeof filter !== 'string') {
      throw invalidArgument('options.filter', 'a string', filter);
    }
    const limit = checkTop(top) ?? EVERYTHING;
    return Snapshot.#ask(this, (snapshot) =>
      snapshot.classes(rows === 'devtools', limit, filter ?? ''),
    );
  }

  /** @type {PublicSnapshot['node']} */
  node(id) {
    const checked = checkId(id, 'id');
    return Snapshot.#ask(this, (snapshot) => snapshot.node(checked));
  }

  /** @type {PublicSnapshot['dominators']} */
  dominators(options) {
    const { top, of } = checkOptions(options);
    const limit = checkTop(top) ?? DEFAULT_TOP;
    const dominator = of === undefined ? undefined : checkId(of, 'options.of');
    return Snapshot.#ask(this, (snapshot) => snapshot.dominators(limit, dominator));
  }

  /** @type {PublicSnapshot['retainers']} */
  retainers(id, options) {
    const checked = checkId(id, 'id');
    const limit = checkTop(checkOptions(options).top) ?? EVERYTHING;
    return Snapshot.#ask(this, (snapshot) => snapshot.retainers(checked, limit));
  }

  /** @type {PublicSnapshot['edges']} */
  edges(id, options) {
    const checked = checkId(id, 'id');
    const limit = checkTop(checkOptions(options).top) ?? EVERYTHING;
    return Snapshot.#ask(this, (snapshot) => snapshot.edges(checked, limit));
  }

  /** @type {PublicSnapshot['path']} */
  path(id) {
    const checked = checkId(id, 'id');
    return Snapshot.#ask(this, (snapshot) => snapshot.path(checked));
  }

  /** @type {PublicSnapshot['duplicateStrings']} */
  duplicateStrings(options) {
    const limit = checkTop(checkOptions(options).top) ?? DEFAULT_TOP;
    return Snapshot.#ask(this, (snapshot) => snapshot.duplicateStrings(limit));
  }

  close() {
    const snapshot = Snapshot.#check(this);
    snapshot.#native?.close();
    snapshot.#native = null;
  }

  /**
   * @param {unknown} value `this` of a method, which is lost if somebody takes the method off.
   * @returns {Snapshot}
   */
  static #check(value) {
    // Not by its prototype, which other objects can have as well.
    if (typeof value === 'object' && value !== null && #native in value) return value;
    throw invalidArgument('this', 'a Snapshot', value);
  }

  /**
   * @param {unknown} self
   * @param {(snapshot: OpenSnapshot) => import('./native-binding').Settled<string>} question
   * @returns {any}
   * @throws {HeapdiffError} `ERR_SNAPSHOT_CLOSED`
   */
  static #ask(self, question) {
    const snapshot = Snapshot.#check(self).#native;
    if (snapshot === null) {
      const message = 'the snapshot has been closed';
      throw new HeapdiffError({ code: 'ERR_SNAPSHOT_CLOSED', message });
    }
    return JSON.parse(settled(question(snapshot)));
  }
}

/** @param {unknown} top */
function checkTop(top) {
  return checkNumber(top, 'options.top', { integer: true, max: EVERYTHING });
}

/**
 * @param {unknown} id
 * @param {string} name
 * @returns {number}
 */
function checkId(id, name) {
  if (id === undefined) throw invalidArgument(name, 'a node id', id);
  // Larger numbers are no ids of V8: they name no node.
  return /** @type {number} */ (checkNumber(id, name, { integer: true }));
}

module.exports = { openSnapshot };
