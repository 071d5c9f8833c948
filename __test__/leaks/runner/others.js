'use strict';

/**
 * What other ways of comparing would put first, on the very same snapshots:
 *
 * * `devtools`: the Comparison table of Chrome DevTools, in its default order (largest size of new
 *   objects first), answered by DevTools' own worker; see parity/README.md.
 * * `memlab`: `findLeaksBySnapshotFilePaths` of `@memlab/api` with its own leak filter. It wants a
 *   third snapshot, from after the action was undone; a server has no such moment, so the second is
 *   given for it too. What it puts first is its first leak trace.
 * * `class counts`: objects by constructor, largest gain in number first.
 *
 * An answer names the leak when the row or the trace has the name that the scenario expects, or the
 * class of what piles up where the scenario accepts that as a name. All of these always answer
 * something: only `memlab` can find nothing.
 *
 * @typedef {import('./scenarios').Scenario} Scenario
 */

const { execFile, execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');
const { promisify } = require('node:util');

const REPOSITORY = path.join(__dirname, '..', '..', '..');
const DEVTOOLS = path.join(REPOSITORY, 'parity', 'devtools');
const MEMLAB = path.join(REPOSITORY, '.cache', 'memlab');
const MEMLAB_PACKAGE = '@memlab/api@2.0.5';

/** A node's name is cut to this in a row of the table. */
const SHOWN = 70;

/**
 * @param {Scenario} scenario
 * @param {string} out Folder with the snapshots.
 * @returns {Promise<Record<string, string>>} By tool: `[names it]`, `[misses it]`, `[silent]`,
 *   `[not silent]` or `[failed]`, and what it put first.
 */
async function compareOthers(scenario, out) {
  if (scenario.labels.length > 2) return {};
  const files = ['baseline', 'current'].map((label) => path.join(out, `${label}.heapsnapshot`));
  /** @type {Record<string, string>} */
  const answers = {};
  for (const [tool, ask] of Object.entries({ devtools, memlab, 'class counts': classCounts })) {
    try {
      const first = await ask(files[0], files[1]);
      const shown = first?.replace(/\s+/g, ' ').slice(0, SHOWN) ?? '';
      answers[tool] = `${mark(scenario, first)} ${shown}`;
    } catch (error) {
      answers[tool] = `[failed] ${firstLine(error)}`;
    }
  }
  return answers;
}

/** Installs the tools, once. */
function installOthers() {
  if (!fs.existsSync(path.join(DEVTOOLS, 'dist'))) {
    npm(['install', '--no-audit', '--no-fund'], DEVTOOLS);
    npm(['run', 'build'], DEVTOOLS);
  }
  if (!fs.existsSync(path.join(MEMLAB, 'node_modules', '@memlab', 'api'))) {
    fs.mkdirSync(MEMLAB, { recursive: true });
    fs.writeFileSync(path.join(MEMLAB, 'package.json'), '{"private":true}\n');
    npm(
      ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', MEMLAB_PACKAGE],
      MEMLAB,
    );
  }
}

/**
 * @param {string[]} args
 * @param {string} cwd
 */
function npm(args, cwd) {
  const env = { ...process.env, PUPPETEER_SKIP_DOWNLOAD: '1' };
  execFileSync('npm', args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
}

/**
 * @param {Scenario} scenario
 * @param {string | null} first
 */
function mark({ suspects }, first) {
  if (suspects.length === 0) return first === null ? '[silent]' : '[not silent]';
  const names = suspects[0].name.startsWith('/')
    ? ['sessionsByToken']
    : suspects[0].name.split('|');
  const words = names.map((name) => /** @type {string} */ (name.split('.').at(-1)));
  const named = first !== null && words.some((word) => hasWord(first, word));
  return named ? '[names it]' : '[misses it]';
}

/**
 * @param {string} text
 * @param {string} word
 */
function hasWord(text, word) {
  const escaped = word.replace(/[^\w\s]/g, '\\$&');
  return new RegExp(`(?<![\\w$#])${escaped}(?![\\w$])`).test(text);
}

/**
 * @param {string} baseline
 * @param {string} current
 */
async function devtools(baseline, current) {
  const stdout = await run([path.join(DEVTOOLS, 'cli.mjs'), 'diff', baseline, current]);
  const [row] = JSON.parse(stdout);
  return row ? `${row.name} +${row.addedCount} -${row.removedCount} (${row.sizeDelta} B)` : null;
}

/**
 * @param {string} baseline
 * @param {string} current
 */
async function memlab(baseline, current) {
  const script = `
    const { findLeaksBySnapshotFilePaths: find } = require('@memlab/api');
    const [base, current] = process.argv.slice(1);
    find(base, current, current).then((leaks) => {
      process.stderr.write('\\nTRACE' + JSON.stringify(Object.keys(leaks[0] ?? {}).slice(1)) + '\\n');
    });`;
  const { stderr } = await promisify(execFile)(
    process.execPath,
    ['-e', script, baseline, current],
    {
      cwd: MEMLAB,
      maxBuffer: 1 << 28,
    },
  );
  // It writes a progress bar to the same stream, before and behind.
  const steps = JSON.parse(/^TRACE(.*)$/m.exec(stderr)?.[1] ?? '');
  return steps.length > 0 ? steps.map(shortStep).reverse().join(' < ') : null;
}

/**
 * @param {string} step `3:   --leaks (variable)--->  [Array](object) @17 $retained-size:…`
 */
function shortStep(step) {
  return step
    .replace(/^\d+:\s*/, '')
    .replace(/\s*\$.*$/, '')
    .replace(/\(\w+\) @\d+/, '');
}

/**
 * @param {string} baseline
 * @param {string} current
 */
async function classCounts(baseline, current) {
  const script = `
    const fs = require('node:fs');
    const count = (file) => {
      const { snapshot: { meta }, nodes, strings } = JSON.parse(fs.readFileSync(file, 'utf8'));
      const [type, name] = ['type', 'name'].map((field) => meta.node_fields.indexOf(field));
      const counts = new Map();
      for (let i = 0; i < nodes.length; i += meta.node_fields.length) {
        const kind = meta.node_types[0][nodes[i + type]];
        const label = kind === 'object' ? strings[nodes[i + name]] : '(' + kind + ')';
        counts.set(label, (counts.get(label) ?? 0) + 1);
      }
      return counts;
    };
    const [before, after] = process.argv.slice(1).map(count);
    const [first] = [...after]
      .map(([label, n]) => [label, n - (before.get(label) ?? 0)])
      .sort((a, b) => b[1] - a[1]);
    console.log(first[1] > 0 ? first[0] + ' +' + first[1] : '');`;
  return (await run(['-e', script, baseline, current])).trim() || null;
}

/** @param {string[]} args */
async function run(args) {
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 28 });
  return stdout;
}

/** @param {any} error */
function firstLine(error) {
  return String(error?.message ?? error).split('\n')[0];
}

module.exports = { compareOthers, installOthers };
