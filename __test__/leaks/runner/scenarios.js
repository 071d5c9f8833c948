'use strict';

/**
 * Finds the scenarios and reads what each expects from the comment at its head:
 *
 *     @leak name=a|b class=Map kind=map file=store.js items=10:20 original=store.ts via=owner
 *         One line per suspect, in order of rank. Where several answers are right they are parted
 *         by bars, and a comment below says why; `/…/i` is a pattern, `*` anything, quotes hold
 *         blanks. `file` is a base name, with the folders it takes to tell it from others; left
 *         out, it is that of the program. If the owning file
 *         has comments `@here`, the reported line must be one of those
 *         (a comment that stands alone means the line above it). The path must lead `via` it.
 *     @only                  No suspect beside those.
 *     @healthy               No suspect at all.
 *     @work 500              Units of work between the snapshots, handed to the diff.
 *     @trend a b c           The labels of three snapshots or more, for `diffTrend`.
 *     @restart               The baseline is taken in one process and `current` in another.
 *     @deploy                Likewise, with the program in `before/` and its next version in
 *                            `after/`, both run from the same path.
 *     @build tool entry…     What is run is `dist/main.js`, made by `tsc`, `tsc-es5`, `esbuild` or
 *                            `esbuild-map`.
 *
 * @typedef {object} Expected
 * @property {string} name
 * @property {string} class
 * @property {string} kind
 * @property {string} file
 * @property {string} [items]
 * @property {string} [original]
 * @property {string} [via]
 *
 * @typedef {object} Scenario
 * @property {string} name Folder and name: `leaking/memoize`.
 * @property {string} folder Where its files are.
 * @property {string} main The program; of a deploy, relative to `before/` and `after/`.
 * @property {Expected[]} suspects Empty when it is healthy.
 * @property {boolean} only
 * @property {'none' | 'restart' | 'deploy'} between What happens between the snapshots.
 * @property {string[]} labels Snapshots in order of time.
 * @property {number | undefined} work
 * @property {string[] | undefined} build Tool and entries.
 */

const fs = require('node:fs');
const path = require('node:path');

const ROOT = path.join(__dirname, '..');
const GROUPS = Object.freeze(['leaking', 'healthy', 'restart', 'trend']);
const MAINS = Object.freeze([
  'main.js',
  'main.mjs',
  'main.ts',
  'before/main.js',
  'before/main.mjs',
]);

/**
 * @returns {Scenario[]} All of them, in order of group and name.
 */
function findScenarios() {
  return GROUPS.flatMap((group) =>
    fs
      .readdirSync(path.join(ROOT, group))
      .sort()
      .map((entry) => readScenario(group, entry)),
  );
}

/**
 * @param {string} group
 * @param {string} entry File, or folder with a main file.
 * @returns {Scenario}
 */
function readScenario(group, entry) {
  const entryPath = path.join(ROOT, group, entry);
  const isFolder = fs.statSync(entryPath).isDirectory();
  const source = isFolder ? mainOf(entryPath) : entryPath;
  const head = fs.readFileSync(source, 'utf8');
  const tags = tagsOf(head.slice(0, head.indexOf('*/')));
  const main = tags.build
    ? path.join(entryPath, 'dist', 'main.js')
    : tags.deploy !== undefined
      ? path.basename(source)
      : source;
  const suspects = (tags.leak ?? []).map((line) => expectedOf(line, path.basename(source)));
  if ((suspects.length === 0) === (tags.healthy === undefined)) {
    throw new Error(`${source} must say either @leak or @healthy`);
  }
  return {
    name: `${group}/${path.parse(entry).name}`,
    folder: isFolder ? entryPath : path.dirname(entryPath),
    main,
    suspects,
    only: tags.only !== undefined,
    between: tags.deploy ? 'deploy' : tags.restart ? 'restart' : 'none',
    labels: tags.trend ? tags.trend[0].split(/\s+/) : ['baseline', 'current'],
    work: tags.work ? Number(tags.work[0]) : undefined,
    build: tags.build ? tags.build[0].split(/\s+/) : undefined,
  };
}

/** @param {string} folder */
function mainOf(folder) {
  const main = MAINS.find((name) => fs.existsSync(path.join(folder, name)));
  if (!main) throw new Error(`${folder} has no main file`);
  return path.join(folder, main);
}

/**
 * @param {string} comment
 * @returns {Record<string, string[] | undefined>} Values of each tag, in order.
 */
function tagsOf(comment) {
  /** @type {Record<string, string[] | undefined>} */
  const tags = {};
  for (const [, tag, value] of comment.matchAll(/^ \* @(\w+) ?(.*)$/gm)) {
    (tags[tag] ??= []).push(value.trim());
  }
  return tags;
}

/**
 * @param {string} line `key=value key="a value"`
 * @param {string} ownFile
 * @returns {Expected}
 */
function expectedOf(line, ownFile) {
  const pairs = [...line.matchAll(/(\w+)=("[^"]*"|\S+)/g)].map(([, key, value]) => [
    key,
    value.replace(/^"|"$/g, ''),
  ]);
  const expected = { file: ownFile, ...Object.fromEntries(pairs) };
  for (const key of ['name', 'class', 'kind']) {
    if (!expected[key]) throw new Error(`${ownFile}: @leak without ${key}`);
  }
  return expected;
}

module.exports = { findScenarios, ROOT };
