'use strict';

/**
 * A report as one page that needs nothing else: no script, no font, no picture, and a policy that
 * forbids the browser to load any. Light or dark as the reader's system is.
 *
 * @typedef {import('../../index').LeakReport} LeakReport
 * @typedef {import('../../index').Suspect} Suspect
 */

const { html } = require('./escape');
const { bytes, count, signed } = require('./quantity');
const wording = require('./wording');

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2128; --dim: #57606a; --paper: #fff; --card: #f6f8fa;
  --line: #d0d7de; --bad: #b42318; --good: #1a7f37; --mark: #0969da; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --dim: #9198a1; --paper: #0d1117;
  --card: #161b22; --line: #30363d; --bad: #ff7b72; --good: #3fb950; --mark: #58a6ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.35; margin: .4rem 0 1.25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
code, .path, td { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { overflow-wrap: anywhere; }
.verdict { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; color: var(--paper);
  font-weight: 600; }
.leak { background: var(--bad); } .no-leak { background: var(--good); }
.suspect { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  margin: 0 0 1rem; padding: 1rem 1.25rem; }
.suspect h3 code { color: var(--mark); font-size: 1.15rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .75rem 0; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
.path { list-style: none; margin: .75rem 0 0; padding: 0; font-size: .85rem; }
.path li { border-left: 2px solid var(--line); padding: .12rem 0 .12rem .9rem;
  overflow-wrap: anywhere; }
.path li:last-child { border-left-color: var(--mark); font-weight: 600; }
.path .class { color: var(--dim); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: right;
  white-space: nowrap; }
th { color: var(--dim); font-weight: 500; }
td.text { overflow-wrap: anywhere; white-space: normal; } .text { text-align: left; }
td.text:first-child:not(:last-child) { min-width: 6rem; }
h1 code { color: var(--mark); }
.warning { border-left: 3px solid var(--bad); margin: .4rem 0; padding: .1rem .8rem; }
footer { color: var(--dim); font-size: .85rem; margin-top: 2.5rem; }
`.trim();

/**
 * @param {LeakReport} report
 * @returns {string}
 */
function formatHtml(report) {
  const verdict = report.verdict === 'leak' ? 'leak' : 'no-leak';
  const word = verdict === 'leak' ? 'Leak' : 'No leak';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="robots" content="noindex">
<title>${word}: ${html(report.suspects[0]?.name ?? report.current.source)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<main>
<span class="verdict ${verdict}">${word}</span>
<h1>${sentence(wording.headline(report), report.suspects[0])}</h1>
<p>${html(wording.growth(report))}; matched by ${html(wording.matching(report))}.</p>
${report.suspects.length > 0 ? '<h2>Suspects</h2>' : ''}
${report.suspects.map(suspectCard).join('\n')}
${wording.ignored(report) ? `<p>${wording.ignored(report)}.</p>` : ''}
<h2>Snapshots</h2>
${snapshotTable(report)}
${classTable(report)}
${report.warnings.length > 0 ? '<h2>Warnings</h2>' : ''}
${report.warnings.map((warning) => `<p class="warning">${html(warning)}</p>`).join('\n')}
</main>
<footer>${html(report.tool.name)} ${html(report.tool.version)}</footer>
</body>
</html>
`.replace(/\n{2,}/g, '\n');
}

/**
 * @param {Suspect} suspect
 * @param {number} i
 */
function suspectCard(suspect, i) {
  const place = wording.place(suspect);
  const original = wording.originalPlace(suspect);
  const facts = [
    signed(bytes(suspect.growth.retainedBytes)),
    wording.items(suspect),
    wording.alike(suspect),
    wording.perWork(suspect),
  ].filter(Boolean);
  /** @type {Array<[string, string | false | null]>} */
  const rows = [
    ['growth', html(facts.join(', '))],
    ['where', place && `<code>${html(place)}</code>`],
    ['source map', original && `<code>${html(original)}</code>`],
    ['holds', html(wording.holds(suspect).join(', '))],
    ['confidence', html(wording.confidence(suspect))],
    ['fingerprint', `<code>${html(suspect.fingerprint)}</code>`],
  ];
  return `<article class="suspect">
<h3>${i + 1}. <code>${html(suspect.name)}</code> (${html(suspect.className)})</h3>
${i === 0 ? '' : `<p>${sentence(suspect.summary, suspect)}</p>`}
<dl>
${rows
  .filter(([, value]) => value)
  .map(([term, value]) => `<dt>${term}</dt><dd>${value}</dd>`)
  .join('\n')}
</dl>
${pathList(suspect)}
</article>`;
}

/**
 * @param {string} text
 * @param {Suspect | undefined} suspect
 */
function sentence(text, suspect) {
  const { name, rest } = wording.splitName(text, suspect);
  return (name === null ? '' : `<code>${html(name)}</code>`) + html(rest);
}

/** @param {Suspect} suspect */
function pathList(suspect) {
  if (suspect.path.length === 0) return '';
  const steps = suspect.path.map((step) => {
    const node = `${html(step.className)} @${html(step.nodeId)}`;
    return `<li>${html(wording.edge(step))} <span class="class">${node}</span></li>`;
  });
  return `<ol class="path">\n${steps.join('\n')}\n</ol>`;
}

/** @param {LeakReport} report */
function snapshotTable(report) {
  /** @type {Array<[string, import('../../index').SnapshotStats]>} */
  const sides = [
    ['baseline', report.baseline],
    ['current', report.current],
  ];
  const rows = sides.map(([label, stats]) => [
    label,
    stats.source,
    bytes(stats.heapBytes),
    bytes(stats.statistics.native),
    count(stats.nodeCount),
    count(stats.edgeCount),
    stats.takenAt ?? '',
  ]);
  return table(['', 'source', 'heap', 'native', 'nodes', 'edges', 'taken'], rows, 2);
}

/** @param {LeakReport} report */
function classTable(report) {
  if (report.classes.length === 0) return '';
  const rows = report.classes.map((row) => [
    row.className,
    signed(count(row.added)),
    count(-row.removed),
    signed(count(row.delta)),
    wording.change(row.deltaBytes),
    bytes(row.retainedBytes),
  ]);
  const header = ['class', 'new', 'freed', 'delta', 'size delta', 'retained'];
  return `<h2>Classes</h2>\n${table(header, rows, 1)}`;
}

/**
 * @param {string[]} header
 * @param {string[][]} rows Plain text; it is escaped here.
 * @param {number} textColumns How many columns, from the left, are not numbers.
 */
function table(header, rows, textColumns) {
  /** @param {string[]} cells @param {string} tag */
  const line = (cells, tag) =>
    `<tr>${cells
      .map((cell, i) => `<${tag}${i < textColumns ? ' class="text"' : ''}>${html(cell)}</${tag}>`)
      .join('')}</tr>`;
  const body = rows.map((cells) => line(cells, 'td')).join('\n');
  return `<div class="scroll"><table>
<thead>${line(header, 'th')}</thead>
<tbody>
${body}
</tbody>
</table></div>`;
}

module.exports = { formatHtml };
