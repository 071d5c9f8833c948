'use strict';

/**
 * A report for an issue, a pull request or a chat. Names from the heap stand in code spans or are
 * escaped; none becomes markup, a link, a mention or a picture.
 *
 * @typedef {import('../../index').LeakReport} LeakReport
 * @typedef {import('../../index').Suspect} Suspect
 */

const { markdown, markdownCell, markdownCode } = require('./escape');
const { bytes, count, signed } = require('./quantity');
const wording = require('./wording');

/**
 * @param {LeakReport} report
 * @returns {string}
 */
function formatMarkdown(report) {
  const sections = [
    `## ${report.verdict === 'leak' ? 'Leak' : 'No leak'}`,
    sentence(wording.headline(report), report.suspects[0]),
    snapshotTable(report),
    `Growth: ${markdown(wording.growth(report))}. Matched by ${markdown(wording.matching(report))}.`,
    wording.ignored(report) ? `${wording.ignored(report)}.` : '',
    ...report.suspects.map(suspectSection),
    classTable(report),
    report.warnings.map((warning) => `> **Warning:** ${markdown(warning)}`).join('\n>\n'),
  ];
  return `${sections.filter(Boolean).join('\n\n')}\n`;
}

/**
 * @param {string} text
 * @param {Suspect | undefined} suspect
 */
function sentence(text, suspect) {
  const { name, rest } = wording.splitName(text, suspect);
  return (name === null ? '' : markdownCode(name)) + markdown(rest);
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
    markdownCell(stats.source),
    bytes(stats.heapBytes),
    count(stats.nodeCount),
    count(stats.edgeCount),
    markdown(stats.takenAt ?? ''),
  ]);
  return table(['', 'source', 'heap', 'nodes', 'edges', 'taken'], rows, 2);
}

/**
 * @param {Suspect} suspect
 * @param {number} i
 */
function suspectSection(suspect, i) {
  const facts = [
    signed(bytes(suspect.growth.retainedBytes)),
    wording.items(suspect),
    wording.alike(suspect),
    wording.perWork(suspect),
    wording.confidence(suspect),
  ].filter(Boolean);
  const place = wording.place(suspect);
  const original = wording.originalPlace(suspect);
  const holds = wording.holds(suspect);
  return [
    `### ${i + 1}. ${markdownCode(suspect.name)} (${markdownCode(suspect.className)})`,
    i === 0 ? '' : sentence(suspect.summary, suspect),
    [
      `* Growth: ${facts.join(', ')}`,
      place && `* Where: ${markdownCode(place)}`,
      original && `* Source map: ${markdownCode(original)}`,
      holds.length > 0 && `* Holds: ${holds.map(markdownCode).join(', ')}`,
      `* Fingerprint: ${markdownCode(suspect.fingerprint)}`,
    ]
      .filter(Boolean)
      .join('\n'),
    suspect.path
      .map((step) => `${wording.edge(step)}  ${step.className} @${step.nodeId}`.trimStart())
      .map((step) => `1. ${markdownCode(step)}`)
      .join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
}

/** @param {LeakReport} report */
function classTable(report) {
  if (report.classes.length === 0) return '';
  const rows = report.classes.map((row) => [
    markdownCell(row.className),
    signed(count(row.added)),
    count(-row.removed),
    signed(count(row.delta)),
    wording.change(row.deltaBytes),
    bytes(row.retainedBytes),
  ]);
  const header = ['class', 'new', 'freed', 'delta', 'size delta', 'retained'];
  return `### Classes\n\n${table(header, rows, 1)}`;
}

/**
 * @param {string[]} header
 * @param {string[][]} rows Cells that are Markdown already.
 * @param {number} textColumns How many columns, from the left, are not numbers.
 */
function table(header, rows, textColumns) {
  const rule = header.map((_, column) => (column < textColumns ? '---' : '--:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

module.exports = { formatMarkdown };
