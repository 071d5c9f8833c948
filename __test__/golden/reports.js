'use strict';

/**
 * Reports to render: one as from the demo, one without a leak, one with more of everything than a
 * text report shows, one whose names are an attack on whoever reads it.
 *
 * @typedef {import('../../index').LeakReport} LeakReport
 * @typedef {import('../../index').Suspect} Suspect
 */

const STATISTICS = {
  total: 7_412_880,
  native: 1_204_311,
  typedArrays: 16_384,
  code: 911_208,
  strings: 1_002_344,
  jsArrays: 1_700_100,
  system: 512_400,
};

/** @type {Suspect} */
const LEAKS = {
  name: 'leaks',
  className: 'Array',
  kind: 'array',
  nodeId: 91_234,
  alike: 0,
  confidence: 0.98,
  growth: {
    retainedBytes: 1_600_016,
    items: { before: 10_000, after: 210_000 },
    perWork: { bytes: 80_000.8, items: 10_000 },
  },
  source: { url: '/app/server.js', line: 7, column: 26, functionName: 'bloatMyServer' },
  path: [
    { edge: '', edgeType: 'synthetic', className: '(GC roots)', nodeId: 3 },
    { edge: 'router', edgeType: 'property', className: 'Router', nodeId: 80_001 },
    { edge: 'stack', edgeType: 'property', className: 'Array', nodeId: 80_003 },
    { edge: '1', edgeType: 'element', className: 'Layer', nodeId: 80_111 },
    { edge: 'handle', edgeType: 'property', className: 'Function', nodeId: 80_113 },
    { edge: 'context', edgeType: 'internal', className: 'system / Context', nodeId: 80_115 },
    { edge: 'leaks', edgeType: 'context', className: 'Array', nodeId: 91_234 },
  ],
  holds: [{ className: 'Object', count: 200_000, bytes: 1_600_000 }],
  fingerprint: 'h1-3f9a0c2be771',
  summary:
    '`leaks` (Array) in /app/server.js:7, captured by bloatMyServer(), grew from 10,000 to 210,000 ' +
    'elements (+1.6 MB): it now holds 200,000 more references to Object.',
};

/** @type {LeakReport} */
const leak = {
  schemaVersion: 1,
  tool: { name: 'heapdiff', version: '0.0.0' },
  verdict: 'leak',
  matching: 'identity',
  matchingReason: '99 % of the nodes kept their id and type',
  baseline: {
    source: '/var/lib/app/start.heapsnapshot',
    nodeCount: 59_276,
    edgeCount: 261_040,
    heapBytes: 5_808_769,
    statistics: STATISTICS,
    takenAt: '2026-11-01T03:00:00.000Z',
  },
  current: {
    source: '(live heap)',
    nodeCount: 59_401,
    edgeCount: 461_702,
    heapBytes: 7_412_880,
    statistics: STATISTICS,
    takenAt: '2026-11-04T03:00:00.000Z',
  },
  growth: { nodes: 125, edges: 200_662, heapBytes: 1_604_111, nativeBytes: 0 },
  suspects: [LEAKS],
  classes: [
    {
      className: '(compiled code)',
      added: 120,
      removed: 15,
      delta: 105,
      addedBytes: 9_120,
      removedBytes: 610,
      deltaBytes: 8_510,
      retainedBytes: 1_100_420,
    },
    {
      className: '(string)',
      added: 14,
      removed: 20,
      delta: -6,
      addedBytes: 700,
      removedBytes: 1_320,
      deltaBytes: -620,
      retainedBytes: 1_002_344,
    },
  ],
  ignored: 0,
  warnings: [],
  timings: { captureMs: 190, pauseMs: 160, parseMs: 31.5, analyzeMs: 44.25, totalMs: 271 },
};

/** @type {LeakReport} */
const healthy = {
  ...leak,
  verdict: 'no-leak',
  growth: { nodes: -40, edges: -112, heapBytes: -12_400, nativeBytes: 0 },
  suspects: [],
  ignored: 2,
};

/** @type {LeakReport} */
const crowded = {
  ...leak,
  matching: 'structural',
  baseline: { ...leak.baseline, source: `/srv/${'releases/2026-11-01T03-00-00/'.repeat(6)}a.gz` },
  suspects: Array.from({ length: 12 }, (_, i) => ({
    ...LEAKS,
    name: i % 2 ? `キャッシュ${'の'.repeat(60)}` : `cacheOf${'Very'.repeat(20)}LongNames${i}`,
    alike: i % 2 ? 0 : 1_499 * i,
    className: i % 3 ? 'Map' : `${'Abstract'.repeat(12)}Factory`,
    summary: `${LEAKS.summary} ${'And so on and on. '.repeat(40)}`,
    path: Array.from({ length: 60 }, (_, step) => ({
      edge: step % 2 ? 'next' : 'the key of this property is long, and it is not an identifier',
      edgeType: 'property',
      className: 'Node',
      nodeId: 1001 + 2 * step,
    })),
    holds: Array.from({ length: 9 }, (_, held) => ({
      ...LEAKS.holds[0],
      className: `Held${held}`,
    })),
  })),
  classes: Array.from({ length: 30 }, (_, i) => ({
    ...leak.classes[0],
    className: `{${'property, '.repeat(i + 1)}}`,
    added: 10 ** (i % 13),
  })),
  warnings: Array.from({ length: 7 }, (_, i) => `warning ${i}: ${'long and winding, '.repeat(9)}`),
};

const HOSTILE_TEXT =
  '\u001b[2J\u001b]0;owned\u0007\r\n\u009b31m\u202egpj.exe\u2066\u200b\u2028\ud800' +
  '\u{e0041}</script><img src=x onerror=alert(1)>"\'`` ![x](http://evil.example/p.png) ' +
  '| **bold** @everyone #1 www.evil.example &amp; <!-- \\';

/** @type {LeakReport} */
const hostile = {
  ...leak,
  baseline: { ...leak.baseline, source: HOSTILE_TEXT },
  suspects: [
    {
      ...LEAKS,
      name: HOSTILE_TEXT,
      className: HOSTILE_TEXT,
      source: { url: HOSTILE_TEXT, line: 1, column: 1, functionName: HOSTILE_TEXT },
      path: ['property', 'element', 'context', 'internal', 'shortcut'].map((edgeType, i) => ({
        edge: HOSTILE_TEXT,
        edgeType,
        className: HOSTILE_TEXT,
        nodeId: i,
      })),
      holds: [{ className: HOSTILE_TEXT, count: 1, bytes: 1 }],
      fingerprint: HOSTILE_TEXT,
      summary: HOSTILE_TEXT,
    },
  ],
  classes: [{ ...leak.classes[0], className: HOSTILE_TEXT }],
  warnings: [HOSTILE_TEXT],
};

module.exports = { leak, healthy, crowded, hostile };
