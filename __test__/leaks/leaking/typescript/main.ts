/**
 * TypeScript, compiled to CommonJS with a source map beside each file.
 *
 * @build tsc main.ts report-cache.ts
 * @leak name=reports class=Map kind=map file=report-cache.js original=report-cache.ts
 */
import { ReportCache } from './report-cache';

const { snapshot }: { snapshot(label: string): Promise<void> } = require('../../../harness');

const cache = new ReportCache('finance');

async function main(): Promise<void> {
  for (let i = 0; i < 30; i++) cache.render(`warm ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 2_000; i++) cache.render(`turnover of week ${i}`);
  await snapshot('current');
}

void main();
