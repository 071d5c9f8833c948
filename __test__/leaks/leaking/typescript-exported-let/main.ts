/**
 * A list that a module exports is replaced by a longer one; TypeScript announces the export before its value.
 *
 * @build tsc main.ts announcements.ts
 * @leak name=announcements class=Array kind=array file=announcements.js original=announcements.ts
 */
import { announce, announcements } from './announcements';

const { snapshot }: { snapshot(label: string): Promise<void> } = require('../../../harness');

async function main(): Promise<void> {
  for (let i = 0; i < 20; i++) announce(`warm ${i}`);
  await snapshot('baseline');
  for (let i = 0; i < 1_500; i++) announce(`train ${i} is late`);
  await snapshot('current');
  console.log(announcements.length);
}

void main();
