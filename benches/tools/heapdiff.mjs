// heapdiff: the whole report, suspects included, by the public function.
//
//     node tools/heapdiff.mjs BASE CURRENT [--facts] [--structural]
import { createRequire } from 'node:module';
import { finish, wanted } from './contract.mjs';

const { diffSnapshots } = createRequire(import.meta.url)('../../index.js');

const report = await diffSnapshots(wanted.base, wanted.current, {
  classRows: 'devtools',
  classes: wanted.facts ? 1_000_000 : 20,
  matching: process.argv.includes('--structural') ? 'structural' : 'auto',
});
finish(
  () => ({
    nodes: [report.baseline.nodeCount, report.current.nodeCount],
    edges: [report.baseline.edgeCount, report.current.edgeCount],
    totals: [report.baseline.statistics.total, report.current.statistics.total],
    classes: Object.fromEntries(
      report.classes.map((row) => [row.className, { added: row.added, removed: row.removed }]),
    ),
    retained: Object.fromEntries(report.classes.map((row) => [row.className, row.retainedBytes])),
    firstSuspect: report.suspects[0]?.summary ?? null,
  }),
  { timings: report.timings, edges: report.baseline.edgeCount + report.current.edgeCount },
);
