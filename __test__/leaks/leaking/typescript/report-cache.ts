import { createHash } from 'node:crypto';

export interface Report {
  readonly id: string;
  readonly rows: ReadonlyArray<{ label: string; value: number }>;
}

export class ReportCache {
  private readonly reports = new Map<string, Report>(); // @here

  constructor(private readonly owner: string) {}

  render(query: string): Report {
    const id = createHash('sha1').update(`${this.owner}:${query}`).digest('hex');
    const cached = this.reports.get(id);
    if (cached) return cached;
    const report: Report = { id, rows: query.split('').map((label, value) => ({ label, value })) };
    this.reports.set(id, report);
    return report;
  }
}
