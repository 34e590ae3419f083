import Table from 'cli-table3';

import type { Measurement } from './measurement.js';

const HEAD = ['what', 'measured', 'budget', 'kept', 'peer'];

/** For a terminal. */
export function asTable(measurements: readonly Measurement[]): string {
  const table = new Table({ head: HEAD, style: { head: [], border: [] } });
  table.push(...measurements.map((each) => cells(each)));
  return table.toString();
}

/** For docs/benchmarks.md. */
export function asMarkdown(measurements: readonly Measurement[]): string {
  const rows = [HEAD, HEAD.map(() => '---'), ...measurements.map((each) => cells(each))];
  return rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`).join('\n');
}

function cells({ what, measured, budget, isKept, peer }: Measurement): string[] {
  return [what, measured, budget, isKept === undefined ? '' : isKept ? 'yes' : 'no', peer];
}
