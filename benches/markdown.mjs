// Renders a record of `run.mjs` for people.

const mb = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
const time = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);

/** @param {any} record @returns {string} */
export function markdown(record) {
  const lines = [
    `# Benchmark of ${record.date.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    `Commit ${record.commit}. Node.js ${record.node}, ${record.cores} cores (${record.cpu}), ` +
      `${(record.memoryBytes / 2 ** 30).toFixed(0)} GiB of memory, load ${record.loadBefore.toFixed(1)} at the start.`,
    `Rivals: ${Object.entries(record.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(', ')}.`,
    '',
    'Every run is a process of its own, timed from its start to its end. Memory is the peak resident set above that of an idle',
    'Node.js process. Processor time is that of all threads. Medians; the rounds are interleaved.',
  ];
  for (const [size, result] of Object.entries(record.sizes)) lines.push('', ...table(size, result));
  lines.push('', ...others(record));
  return `${lines.join('\n')}\n`;
}

function table(size, { fileBytes, rounds, idle, contenders, floors, agreement }) {
  const ours = contenders.heapdiff;
  const lines = [
    `## ${size}: ${fileBytes.map(mb).join(' and ')}, ${rounds} rounds`,
    '',
    '| | time | x heapdiff | processor time | peak memory | x larger file | x heapdiff |',
    '|---|---|---|---|---|---|---|',
  ];
  for (const [name, row] of Object.entries(contenders)) {
    if (row.failed) {
      lines.push(`| ${name} | ${row.failed.replaceAll('|', '/')} | | | | |`);
      continue;
    }
    const larger = Math.max(...fileBytes);
    const versus = (key) => (ours?.[key] ? (row[key] / ours[key]).toFixed(1) : '');
    lines.push(
      `| ${name} | ${time(row.wallMs)} | ${versus('wallMs')} | ${time(row.cpuMs)} | ${mb(row.peakBytesAboveIdle)} | ` +
        `${(row.peakBytesAboveIdle / larger).toFixed(2)} | ${versus('peakBytesAboveIdle')} |`,
    );
  }
  lines.push(
    `| idle Node.js | ${time(idle.wallMs)} | | | (${mb(idle.peakBytes)}) | | |`,
    `| floor: reading the bytes | ${time(floors.readMs)} | | | | | |`,
    `| floor: one scalar pass over the digits | ${time(floors.digitsMs)} | | | | | |`,
  );
  if (ours?.timings) lines.push('', ...phases(ours.timings));
  lines.push('', `Agreed: ${agreement.checked.join('; ') || 'nothing was compared'}.`);
  for (const line of agreement.wrong) lines.push(`WRONG: ${line}.`);
  return lines;
}

/** Where heapdiff's time goes, by its own report. */
function phases({ phases: steps = [], parseMs, analyzeMs, totalMs }) {
  const lines = [
    `heapdiff's own timings: parsing ${time(parseMs)}, analysis ${time(analyzeMs)}, whole call ${time(totalMs)}.`,
  ];
  if (steps.length === 0) return lines;
  lines.push('', '| phase | time |', '|---|---|');
  for (const { phase, ms } of steps) lines.push(`| ${phase} | ${time(ms)} |`);
  return lines;
}

function others({ sizes, variants, eventLoop, cancel, live, linearity }) {
  const larger = Math.max(...(sizes.medium?.fileBytes ?? []));
  const lines = [];
  if (variants)
    lines.push('## The medium pair otherwise', '', ...variantTable(variants, larger), '');
  if (eventLoop) {
    const { diffMs, maxMs, p99Ms, medianMs, timersFired } = eventLoop;
    lines.push(
      '## The event loop meanwhile',
      '',
      `While the medium pair was compared (${time(diffMs)}), the event loop was late by ${maxMs.toFixed(1)} ms at most, ` +
        `${p99Ms.toFixed(1)} ms at the 99th percentile, ${medianMs.toFixed(1)} ms in the median; a timer of 5 ms fired ${timersFired} times.`,
      '',
    );
  }
  if (cancel) {
    const { aborted, medianMs, maxMs, residentGrowth } = cancel;
    lines.push(
      '## Cancelling',
      '',
      `Aborted at ${aborted} moments from the beginning to the end: rejected after ${medianMs.toFixed(1)} ms in the median and ` +
        `${maxMs.toFixed(1)} ms at most. Afterwards the process was larger by ${mb(Math.max(0, residentGrowth))}.`,
      '',
    );
  }
  if (live) lines.push('## The live heap, inline', '', ...liveTable(live), '');
  if (linearity?.failed) lines.push('## Linearity', '', linearity.failed);
  else if (linearity) {
    lines.push(
      '## Linearity',
      '',
      'Of a whole process, less an idle one, and of a call in a process that has made one before.',
      '',
      '| files | edges | process | ns per edge | bytes per edge | call | ns per edge | bytes per edge |',
      '|---|---|---|---|---|---|---|---|',
    );
    for (const { bytes, edges, call, ...whole } of linearity) {
      const cells = [mb(bytes), edges.toLocaleString('en'), ...perEdge(whole), ...perEdge(call)];
      lines.push(`| ${cells.join(' | ')} |`);
    }
  }
  return lines;
}

const perEdge = ({ ms, nsPerEdge, bytesPerEdge }) => [
  time(ms),
  nsPerEdge.toFixed(0),
  bytesPerEdge.toFixed(1),
];

/** The medium heap itself, against a file. */
/** The medium pair plain, compressed and by shape. */
function variantTable({ variants, inflateMs }, larger) {
  const lines = ['| | time | peak memory | x larger file |', '|---|---|---|---|'];
  for (const [name, { failed, wallMs, peakBytesAboveIdle: peak }] of Object.entries(variants)) {
    const cells = failed ? [failed, '', ''] : [time(wallMs), mb(peak), (peak / larger).toFixed(2)];
    lines.push(`| ${[name, ...cells].join(' | ')} |`);
  }
  return [
    ...lines,
    '',
    `Inflating alone takes ${time(inflateMs)}. The larger file is the plain one.`,
  ];
}

function liveTable(rows) {
  if (rows.failed) return [rows.failed];
  const lines = [
    "| Node.js | V8's pause | report after V8's last byte | share of the pause |",
    '|---|---|---|---|',
  ];
  for (const { node, pauseMs, afterMs } of rows) {
    const share = `${((100 * afterMs) / pauseMs).toFixed(0)} %`;
    lines.push(`| ${node} | ${time(pauseMs)} | ${time(afterMs)} | ${share} |`);
  }
  return lines;
}
