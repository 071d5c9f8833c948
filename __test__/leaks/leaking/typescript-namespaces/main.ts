/**
 * What namespaces export becomes properties of objects, here two of one name in one file.
 *
 * @build tsc main.ts desks.ts
 * @leak name=open class=Map kind=map file=desks.js original=desks.ts
 */
import { Library } from './desks';

const { snapshot }: { snapshot(label: string): Promise<void> } = require('../../../harness');

async function main(): Promise<void> {
  for (let i = 0; i < 20; i++) Library.Loans.lend(`warm ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) Library.Loans.lend(`book ${i}`);
  await snapshot('current');
  console.log(Library.Returns.take());
}

void main();
