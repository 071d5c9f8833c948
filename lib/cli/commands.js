'use strict';

const { diffSnapshots, diffTrend, LEAST_WORK } = require('../diff');
const { writeDigest } = require('../digest');
const { formatReport } = require('../format');
const { visible, visibleJson } = require('../format/escape');
const { bytes, count } = require('../format/quantity');
const { writeNodes } = require('../nodes');
const { redactFile } = require('../redact');
const { openSnapshot } = require('../snapshot');
const { withProgressBar } = require('./progress-bar');
const { table } = require('./table');
const { UsageError } = require('./usage-error');
const { writeWholeFile } = require('./whole-file');

/** @typedef {import('node:util').ParseArgsConfig} ParseArgsConfig */
/**
 * @typedef {object} Command
 * @property {string} usage
 * @property {string} about
 * @property {{ least: number, most: number }} files How many arguments that are no options.
 * @property {NonNullable<ParseArgsConfig['options']>} options
 * @property {(args: string[], options: Record<string, any>) => Promise<number>} run Returns the
 *   exit status.
 */

const EXIT_FINE = 0;
const EXIT_LEAK = 1;

/** How a report is made and printed. @type {Command['options']} */
const reportOptions = {
  top: { type: 'string' },
  work: { type: 'string' },
  ignore: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  markdown: { type: 'boolean' },
  html: { type: 'string' },
};

/** @type {Record<string, Command>} */
const commands = {
  diff: {
    usage:
      'diff BASE CURRENT [--top N] [--work N] [--ignore PATTERN]... [--json | --markdown | --html FILE]',
    about: 'says what leaks; PATTERN is a name, class, file, fingerprint, or /regular expression/',
    files: { least: 2, most: 2 },
    options: reportOptions,
    run: diff,
  },
  trend: {
    usage:
      'trend FILE FILE FILE... [--top N] [--work N] [--ignore PATTERN]... [--json | --markdown | --html FILE]',
    about: 'says what grew every time over three or more snapshots or digests, in order of time',
    files: { least: 3, most: Infinity },
    options: reportOptions,
    run: trend,
  },
  digest: {
    usage: 'digest FILE -o OUT',
    about: 'keeps of a snapshot what a later diff needs, in some hundred kilobytes',
    files: { least: 1, most: 1 },
    options: { output: { type: 'string', short: 'o' } },
    run: digest,
  },
  summary: {
    usage: 'summary FILE [--top N] [--class-rows merged|devtools] [--json]',
    about: 'statistics, classes, and what retains most',
    files: { least: 1, most: 1 },
    options: {
      top: { type: 'string' },
      'class-rows': { type: 'string' },
      json: { type: 'boolean' },
    },
    run: summary,
  },
  nodes: {
    usage: 'nodes FILE',
    about:
      'a row per node, tab-separated: id, type number, self size, retained size, distance, ' +
      'ordinal of the dominator, detachedness',
    files: { least: 1, most: 1 },
    options: {},
    run: nodes,
  },
  path: {
    usage: 'path FILE NODE_ID [--json]',
    about: 'the shortest path from a GC root to a node',
    files: { least: 2, most: 2 },
    options: { json: { type: 'boolean' } },
    run: path,
  },
  retainers: {
    usage: 'retainers FILE NODE_ID [--top N] [--json]',
    about: 'what refers to a node, nearest to the roots first',
    files: { least: 2, most: 2 },
    options: { top: { type: 'string' }, json: { type: 'boolean' } },
    run: retainers,
  },
  redact: {
    usage: 'redact FILE -o OUT [--salt SALT]',
    about: 'replaces every string value by a token, the same for equal strings under one salt',
    files: { least: 1, most: 1 },
    options: { output: { type: 'string', short: 'o' }, salt: { type: 'string' } },
    run: redact,
  },
};

/** @type {Command['run']} */
async function diff([baseline, current], options) {
  return report(options, (settings) => diffSnapshots(baseline, current, settings));
}

/** @type {Command['run']} */
async function trend(files, options) {
  return report(options, (settings) => diffTrend(files, settings));
}

/** @type {Command['run']} */
async function digest([file], { output }) {
  const target = outputPath(output);
  await withProgressBar((onProgress) => writeDigest(file, target, { onProgress }));
  return EXIT_FINE;
}

/** @type {Command['run']} */
async function redact([file], { output, salt }) {
  const target = outputPath(output);
  await withProgressBar((onProgress) => redactFile(file, target, { salt, onProgress }));
  return EXIT_FINE;
}

/**
 * Prints a report as the options say.
 *
 * @param {Record<string, any>} options
 * @param {(settings: import('../../index').DiffOptions) => Promise<import('../../index').LeakReport>} compare
 */
async function report(options, compare) {
  const { json, markdown, html } = options;
  if ([json, markdown, html].filter((format) => format !== undefined).length > 1) {
    throw new UsageError('only one of --json, --markdown and --html can be given');
  }
  if (html === '') throw new UsageError('--html FILE has to say where the report goes');
  const suspects = wholeNumber(options.top, '--top');
  const work = unitsOfWork(options.work);
  const ignore = (options.ignore ?? []).map(toPattern);
  const report = await withProgressBar((onProgress) =>
    compare({ suspects, work, ignore, onProgress }),
  );
  if (html !== undefined) {
    writeWholeFile(html, formatReport(report, 'html'));
  } else {
    const text = formatReport(report, json ? 'json' : markdown ? 'markdown' : 'text');
    process.stdout.write(`${text}\n`);
  }
  return report.verdict === 'leak' ? EXIT_LEAK : EXIT_FINE;
}

/** @type {Command['run']} */
async function summary([file], { top, 'class-rows': classRows, json }) {
  const limit = wholeNumber(top, '--top') ?? 20;
  return withSnapshot(file, (snapshot) => {
    const { stats } = snapshot;
    const classes = snapshot.classes({ top: limit, classRows });
    const dominators = snapshot.dominators({ top: limit });
    if (json) return printJson({ stats, classes, dominators });
    const { total, ...parts } = stats.statistics;
    const shares = Object.entries(parts).map(([name, size]) => [{ text: name }, count(size)]);
    print(
      `${visible(stats.source)}: ${count(stats.nodeCount)} nodes, ${count(stats.edgeCount)} edges, ` +
        `heap ${bytes(stats.heapBytes)}, total ${bytes(total)}\n\n`,
      table(['statistics', 'bytes'], shares),
      '\n',
      table(
        ['class', 'count', 'self bytes', 'retained bytes', 'distance'],
        classes.map((row) => [
          { text: row.className },
          count(row.count),
          count(row.selfBytes),
          count(row.retainedBytes),
          String(row.distance),
        ]),
      ),
      '\n',
      table(['id', 'retained bytes', 'self bytes', 'class', 'name'], dominators.map(nodeRow)),
    );
  });
}

/** @type {Command['run']} */
async function nodes([file]) {
  try {
    await withProgressBar((onProgress) => writeNodes(file, { onProgress }));
  } catch (error) {
    const { code, path } = /** @type {NodeJS.ErrnoException} */ (error);
    // The reader had enough, as `head` has.
    if (code !== 'EPIPE' || path !== 'stdout') throw error;
  }
  return EXIT_FINE;
}

/** @type {Command['run']} */
async function path([file, id], { json }) {
  const nodeId = existingId(id);
  return withSnapshot(file, (snapshot) => {
    checkNode(snapshot, nodeId);
    const steps = snapshot.path(nodeId);
    if (json) return printJson(steps);
    if (steps.length === 0) return print('no path from a GC root leads there\n');
    print(
      table(
        ['id', 'edge type', 'edge', 'class'],
        steps.map((step) => [
          String(step.nodeId),
          { text: step.edgeType },
          { text: step.edge },
          { text: step.className },
        ]),
      ),
    );
  });
}

/** @type {Command['run']} */
async function retainers([file, id], { top, json }) {
  const nodeId = existingId(id);
  const limit = wholeNumber(top, '--top');
  return withSnapshot(file, (snapshot) => {
    checkNode(snapshot, nodeId);
    const edges = snapshot.retainers(nodeId, { top: limit });
    if (json) return printJson(edges);
    print(
      table(
        ['id', 'retained bytes', 'self bytes', 'distance', 'edge type', 'edge', 'class'],
        edges.map(({ edge, edgeType, node }) => [
          String(node.id),
          count(node.retainedBytes),
          count(node.selfBytes),
          String(node.distance),
          { text: edgeType },
          { text: edge },
          { text: node.className },
        ]),
      ),
    );
  });
}

/**
 * @param {string} file
 * @param {(snapshot: import('../../index').Snapshot) => void} use
 * @returns {Promise<number>}
 */
async function withSnapshot(file, use) {
  const snapshot = await withProgressBar((onProgress) => openSnapshot(file, { onProgress }));
  try {
    for (const warning of snapshot.warnings) {
      process.stderr.write(`heapdiff: warning: ${visible(warning)}\n`);
    }
    use(snapshot);
  } finally {
    snapshot.close();
  }
  return EXIT_FINE;
}

/** @param {import('../../index').SnapshotNode} node */
function nodeRow({ id, retainedBytes, selfBytes, className, name }) {
  return [String(id), count(retainedBytes), count(selfBytes), { text: className }, { text: name }];
}

/**
 * @param {import('../../index').Snapshot} snapshot
 * @param {number} id
 */
function checkNode(snapshot, id) {
  if (snapshot.node(id) === null) throw new UsageError(`there is no node with the id ${id}`);
}

/** @param {string[]} texts */
function print(...texts) {
  process.stdout.write(texts.join(''));
}

/** @param {unknown} value */
function printJson(value) {
  print(visibleJson(JSON.stringify(value, null, 2)), '\n');
}

/**
 * @param {string} text
 * @returns {string | RegExp}
 */
function toPattern(text) {
  // What is behind the last slash of a path are no flags.
  const expression = /^\/(.+)\/([dgimsuvy]*)$/s.exec(text);
  if (expression === null) return text;
  try {
    return new RegExp(expression[1], expression[2]);
  } catch {
    throw new UsageError(`--ignore ${text} is not a regular expression`);
  }
}

/** @param {string} text */
function existingId(text) {
  const id = wholeNumber(text.replace(/^@/, ''), 'NODE_ID');
  return /** @type {number} */ (id);
}

/**
 * @param {string | undefined} output
 * @returns {string}
 */
function outputPath(output) {
  if (!output) throw new UsageError('-o OUT has to say where the result goes');
  return output;
}

/**
 * @param {string | undefined} text
 * @param {string} name
 * @returns {number | undefined}
 */
function wholeNumber(text, name) {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text) || Number(text) > 0xffffffff) {
    throw new UsageError(`${name} must be a whole number below 2 ** 32, not '${text}'`);
  }
  return Number(text);
}

/**
 * @param {string | undefined} text
 * @returns {number | undefined}
 */
function unitsOfWork(text) {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^[\d.e+-]+$/.test(text) || !(value >= LEAST_WORK && value <= Number.MAX_SAFE_INTEGER)) {
    const range = `from ${LEAST_WORK} to below 2 ** 53`;
    throw new UsageError(`--work must be a number ${range}, not '${text}'`);
  }
  return value;
}

module.exports = { commands };
