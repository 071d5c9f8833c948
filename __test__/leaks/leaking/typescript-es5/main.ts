/**
 * TypeScript for old engines: the variables of an async function are declared together where nobody
 * wrote it.
 *
 * @build tsc-es5 main.ts dispatch.ts
 * @leak name=waiting class=Array kind=array file=dispatch.js original=dispatch.ts
 */
import { order, run } from './dispatch';

const { snapshot }: { snapshot(label: string): Promise<void> } = require('../../../harness');

async function main(): Promise<void> {
  void run();
  await Promise.resolve();
  for (let i = 0; i < 20; i++) order(`warm ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) order(`taxi ${i}`);
  await snapshot('current');
}

void main();
