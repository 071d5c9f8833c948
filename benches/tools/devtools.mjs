// Chrome DevTools: loads both files, then what the Comparison view asks for.
import { diff, summary } from '../../parity/devtools/answers.mjs';
import { load } from '../../parity/devtools/worker.mjs';
import { finish, wanted } from './contract.mjs';

const threads = process.argv.includes('--threads');
const base = await load(wanted.base, { threads });
const current = await load(wanted.current, { threads });
const rows = diff(base, current);
finish(() => ({
  nodes: [base.nodeCount, current.nodeCount],
  totals: [base.totalSize, current.totalSize],
  classes: Object.fromEntries(
    rows.map((row) => [row.name, { added: row.addedCount, removed: row.removedCount }]),
  ),
  retained: Object.fromEntries(summary(current).map((row) => [row.name, row.retainedSize])),
}));
