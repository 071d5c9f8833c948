'use strict';

/**
 * A report for a log or a terminal: at most {@link MAX_LINES} lines of {@link MAX_COLUMNS} columns,
 * so that it is read and not scrolled past. The sentence comes first; what does not fit is counted
 * and left out.
 *
 * @typedef {import('../../index').LeakReport} LeakReport
 * @typedef {import('../../index').Suspect} Suspect
 */

const { visible } = require('./escape');
const { bytes, count, signed } = require('./quantity');
const wording = require('./wording');

const MAX_LINES = 40;
const MAX_COLUMNS = 100;

/** Lines that the sentence may take before it is cut. */
const MAX_HEADLINE_LINES = 4;
/** Steps of the first suspect's path that are drawn; the middle of a longer one is left out. */
const MAX_STEPS = 9;
/** Other suspects that are shown, two lines each. */
const MAX_OTHER_SUSPECTS = 4;
const MAX_WARNINGS = 3;
const MAX_CLASSES = 10;

/**
 * @param {LeakReport} report
 * @returns {string} The lines, joined, with no newline at the end.
 */
function formatText(report) {
  const lines = [...headlineLines(report), '', ...snapshotLines(report)];
  const [first, ...others] = report.suspects;
  if (first) lines.push('', ...firstSuspectLines(first));
  if (others.length > 0) lines.push('', ...otherSuspectLines(others));
  const warnings = warningLines(report);
  // The class table takes what is left: it is evidence, not the answer.
  const room = MAX_LINES - lines.length - warnings.length;
  lines.push(...classLines(report, room), ...warnings);
  return lines
    .slice(0, MAX_LINES)
    .map((line) => cut(line, MAX_COLUMNS).trimEnd())
    .join('\n');
}

/** @param {LeakReport} report */
function headlineLines(report) {
  const label = report.verdict === 'leak' ? 'LEAK  ' : 'no leak  ';
  const text = visible(wording.headline(report));
  const lines = wrap(text, MAX_COLUMNS - label.length);
  const kept = lines.slice(0, MAX_HEADLINE_LINES);
  if (lines.length > kept.length) kept[kept.length - 1] += ' …';
  return kept.map((line, i) => (i === 0 ? label : ' '.repeat(label.length)) + line);
}

/** @param {LeakReport} report */
function snapshotLines(report) {
  const ignored = wording.ignored(report);
  return [
    sourceLine('baseline', report.baseline),
    sourceLine('current ', report.current),
    `growth    ${visible(wording.growth(report))}`,
    `matched   by ${visible(wording.matching(report))}${ignored ? `, ${ignored}` : ''}`,
  ];
}

/**
 * @param {string} label
 * @param {import('../../index').SnapshotStats} stats
 */
function sourceLine(label, stats) {
  const facts = visible(wording.snapshot(stats));
  const room = MAX_COLUMNS - label.length - facts.length - 4;
  return `${label}  ${cutLeft(visible(stats.source), room)}  ${facts}`;
}

/** @param {Suspect} suspect */
function firstSuspectLines(suspect) {
  const facts = [...growthFacts(suspect), wording.perWork(suspect), wording.confidence(suspect)];
  const lines = nameAndFacts(suspect, 1, facts);
  const place = wording.place(suspect);
  if (place) lines.push(`   ${cutLeft(visible(place), MAX_COLUMNS - 3)}`);
  const original = wording.originalPlace(suspect);
  if (original) lines.push(`   from ${cutLeft(visible(original), MAX_COLUMNS - 8)}`);
  lines.push(...pathLines(suspect));
  const holds = wording.holds(suspect).slice(0, 4).map(visible).join(', ');
  if (holds) lines.push(`   holds  ${holds}`);
  lines.push(`   fingerprint  ${visible(suspect.fingerprint)}`);
  return lines;
}

/** @param {Suspect[]} others */
function otherSuspectLines(others) {
  const shown = others.slice(0, MAX_OTHER_SUSPECTS);
  const lines = shown.flatMap((suspect, i) => {
    const facts = growthFacts(suspect).join(', ');
    const name = `${i + 2}. ${cut(title(suspect), MAX_COLUMNS - facts.length - 5)}  ${facts}`;
    const print = visible(suspect.fingerprint);
    const place = visible(wording.place(suspect) ?? shortPath(suspect));
    return [name, `   ${cutLeft(place, MAX_COLUMNS - 5 - print.length)}  ${print}`];
  });
  const more = others.length - shown.length;
  if (more > 0) lines.push(`   … ${count(more)} more`);
  return lines;
}

/**
 * One line where both fit, or else two: the name is what the reader searches for.
 *
 * @param {Suspect} suspect
 * @param {number} rank
 * @param {Array<string | null>} facts
 */
function nameAndFacts(suspect, rank, facts) {
  const name = `${rank}. ${title(suspect)}`;
  const tail = facts.filter(Boolean).join(', ');
  const fits = width(name) + 2 + tail.length <= MAX_COLUMNS;
  return fits ? [`${name}  ${tail}`] : [name, `   ${tail}`];
}

/** @param {Suspect} suspect */
function growthFacts(suspect) {
  const facts = [
    signed(bytes(suspect.growth.retainedBytes)),
    wording.items(suspect),
    wording.alike(suspect),
  ];
  return facts.filter((fact) => fact !== null);
}

/** @param {Suspect} suspect */
function title(suspect) {
  return `\`${visible(suspect.name)}\` (${visible(suspect.className)})`;
}

/** @param {Suspect} suspect */
function pathLines(suspect) {
  const { path } = suspect;
  const steps = path.map((step) => {
    const edge = visible(wording.edge(step));
    return `${edge && `${edge}  `}${visible(step.className)} @${step.nodeId}`;
  });
  if (steps.length === 0) return [];
  const drawn = elideMiddle(steps);
  return drawn.map((step, i) => {
    if (drawn.length === 1) return `   ─→ ${step}`;
    if (i === 0) return `   ┬  ${step}`;
    return i === drawn.length - 1 ? `   ╰→ ${step}` : `   ├─ ${step}`;
  });
}

/** @param {string[]} steps */
function elideMiddle(steps) {
  if (steps.length <= MAX_STEPS) return steps;
  const head = 3;
  const tail = MAX_STEPS - head - 1;
  const left = steps.length - head - tail;
  return [...steps.slice(0, head), `… ${count(left)} steps`, ...steps.slice(-tail)];
}

/** @param {Suspect} suspect */
function shortPath(suspect) {
  return suspect.path.map((step) => wording.edge(step)).join(' ') || 'place unknown';
}

/**
 * @param {LeakReport} report
 * @param {number} room Lines that are left.
 */
function classLines(report, room) {
  // A class that has as many as before is no evidence of anything.
  const changed = report.classes.filter((row) => row.delta !== 0 || row.deltaBytes !== 0);
  const rows = changed.slice(0, Math.min(MAX_CLASSES, room - 2));
  if (rows.length < 1) return [];
  const cells = rows.map((row) => [
    visible(row.className),
    signed(count(row.added)),
    count(-row.removed),
    signed(count(row.delta)),
    wording.change(row.deltaBytes),
    bytes(row.retainedBytes),
  ]);
  const header = ['class', 'new', 'freed', 'delta', 'size delta', 'retained'];
  const widths = header.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => width(row[column]))),
  );
  widths[0] = Math.min(widths[0], MAX_COLUMNS - sum(widths.slice(1)) - 2 * (widths.length - 1));
  const table = [header, ...cells].map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? padRight(cut(cell, widths[0]), widths[0]) : padLeft(cell, widths[column]),
      )
      .join('  '),
  );
  return ['', ...table];
}

/** @param {LeakReport} report */
function warningLines(report) {
  const shown = report.warnings.slice(0, MAX_WARNINGS);
  const lines = shown.map((warning) => `warning: ${visible(warning)}`);
  const more = report.warnings.length - shown.length;
  if (more > 0) lines.push(`warning: … ${count(more)} more`);
  return lines.length > 0 ? ['', ...lines] : [];
}

/**
 * @param {string} text
 * @param {number} columns
 */
function wrap(text, columns) {
  /** @type {string[]} */
  const lines = [];
  let line = '';
  // A number stays with its unit.
  for (const word of text.split(/ (?![kMG]?B\b)/)) {
    if (line !== '' && width(line) + 1 + width(word) > columns) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push(line);
  return lines.flatMap((long) => hardWrap(long, columns));
}

/**
 * Breaks a word that is wider than a line.
 *
 * @param {string} line
 * @param {number} columns
 */
function hardWrap(line, columns) {
  const parts = [];
  let rest = line;
  while (width(rest) > columns) {
    const part = take([...rest], columns);
    parts.push(part);
    rest = rest.slice(part.length);
  }
  parts.push(rest);
  return parts;
}

/**
 * @param {string} text
 * @param {number} columns
 */
function cut(text, columns) {
  if (width(text) <= columns) return text;
  return `${take([...text], columns - 1)}…`;
}

/**
 * Cuts at the left: of a long path, the file counts and not the mount point.
 *
 * @param {string} text
 * @param {number} columns
 */
function cutLeft(text, columns) {
  if (width(text) <= columns) return text;
  const kept = take([...text].reverse(), columns - 1);
  return `…${[...kept].reverse().join('')}`;
}

/**
 * @param {string[]} chars
 * @param {number} columns
 */
function take(chars, columns) {
  let used = 0;
  let taken = '';
  for (const char of chars) {
    used += charWidth(char);
    if (used > columns) break;
    taken += char;
  }
  return taken;
}

/** @param {string} text */
function width(text) {
  let columns = 0;
  for (const char of text) columns += charWidth(char);
  return columns;
}

/**
 * Columns of one character on a terminal. Wide ones as in Unicode's East Asian Width (UAX 11), in
 * whole blocks: a few narrow characters among them are counted wide, never the other way round.
 *
 * @param {string} char
 */
function charWidth(char) {
  const code = /** @type {number} */ (char.codePointAt(0));
  if (code < 0x300) return 1;
  if (/\p{Mark}/u.test(char)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xa960 && code <= 0xa97c) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff01 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x16fe0 && code <= 0x1b2ff) ||
    (code >= 0x1f000 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd) ||
    /\p{Emoji_Presentation}/u.test(char);
  return wide ? 2 : 1;
}

/**
 * @param {string} text
 * @param {number} columns
 */
function padRight(text, columns) {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

/**
 * @param {string} text
 * @param {number} columns
 */
function padLeft(text, columns) {
  return ' '.repeat(Math.max(0, columns - width(text))) + text;
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

module.exports = { formatText };
