// Compiled by `tsc`, never run: what may be written, and what may not.

import heapdiff = require('..');
import type { HeapdiffError, LeakReport, Snapshot, Suspect } from '..';
import { diffSnapshots, diffTrend, formatReport, openSnapshot, writeSnapshot } from '..';

export async function mayBeWritten(signal: AbortSignal): Promise<void> {
  const report: LeakReport = await diffSnapshots('a.heapsnapshot', 'b.heapsnapshot');
  await diffSnapshots(new Uint8Array(3), Buffer.alloc(3), { signal, timeoutMs: 5000 });
  await diffSnapshots('a', null, { ignore: ['sessions', /^cache/], work: 20, mode: 'fork' });
  await diffSnapshots('a', undefined, { onProgress: ({ phase, percent = 0 }) => [phase, percent] });
  const text: string = formatReport(report) + formatReport(report, 'html');
  const first: Suspect | undefined = report.suspects[0];
  const line: number | null | undefined = first?.source?.line;
  const perRequest: number | undefined = first?.growth.perWork?.bytes;
  const snapshot: Snapshot = await openSnapshot('a', { signal });
  const distance: number | undefined = snapshot.node(1)?.distance;
  snapshot.dominators({ of: 5, top: 3 }).map(({ retainedBytes }) => retainedBytes);
  const edges: string[] = snapshot.edges(1, { top: 3 }).map(({ edge }) => edge);
  const warnings: readonly string[] = snapshot.retainers(1).length > 9 ? [] : snapshot.warnings;
  snapshot.close();
  const { path, pauseMs } = await writeSnapshot('a.heapsnapshot.gz', { mode: 'inline' });
  const info = await writeSnapshot({ dir: '/var/tmp', format: 'digest', redact: { salt: 's' } });
  writeSnapshot('a', (error, filename) => [error?.code, filename?.length]);
  // Values that may not be there, as from settings, and lists that nobody may change.
  const setting: { work: number | undefined; salt: string | undefined } = {
    work: undefined,
    salt: undefined,
  };
  const files: readonly string[] = ['a', 'b', 'c'];
  await diffTrend(files, { work: setting.work, ignore: files, redact: { salt: setting.salt } });
  snapshot.classes({ top: setting.work });
  const everything: typeof heapdiff = await import('../index.js');
  void [
    edges,
    warnings,
    text,
    line,
    perRequest,
    distance,
    path,
    pauseMs,
    info.isolateId,
    everything,
  ];
}

export function errorsHaveCodes(error: HeapdiffError): string {
  if (error.code === 'ERR_INVALID_SNAPSHOT') return `at ${error.offset}`;
  if (error.code === 'ERR_TRUNCATED_SNAPSHOT') return `${error.source}`;
  return error.code === 'ENOSPC' ? `${error.syscall} ${error.path}` : error.message;
}

export async function mayNotBeWritten(report: LeakReport): Promise<void> {
  // @ts-expect-error The baseline has to be there.
  await diffSnapshots();
  // @ts-expect-error A number is no source.
  await diffSnapshots('a', 5);
  // @ts-expect-error There is no such matching.
  await diffSnapshots('a', 'b', { matching: 'name' });
  // @ts-expect-error A pattern is a string or a RegExp.
  await diffSnapshots('a', 'b', { ignore: [1] });
  // @ts-expect-error There is no such format.
  formatReport(report, 'yaml');
  // @ts-expect-error The result is a promise.
  openSnapshot('a').close();
  // @ts-expect-error With a callback there is no promise.
  await writeSnapshot('a', () => {}).then();
  // @ts-expect-error The statistics of a snapshot are read-only.
  (await openSnapshot('a')).stats = report.current;
  const codes: HeapdiffError['code'][] = ['ERR_TIMEOUT', 'EACCES'];
  // @ts-expect-error There is no such verdict.
  void [codes, report.verdict === 'maybe'];
}
