import Table from 'cli-table3';

import { columnsOf, cutToColumns } from './columns.js';
import { answersAPerson } from './output.js';
import { styleAnswer } from './style.js';
import { forTerminal } from './value-text.js';

/** Rows under a dim head, without rules: what a person reads quickest and can still copy from. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const shown = rows.map((row) => row.map((cell) => forTerminal(Buffer.from(cell))));
  const columns = widths(head, shown);
  const grid = new Table({
    head: head.map((title) => styleAnswer('dim', title)),
    chars: NO_RULES,
    style: { head: [], 'padding-left': 0, 'padding-right': GAP },
    colWidths: columns,
    wordWrap: false,
  });
  // The library would cut characters of two halves in the middle.
  grid.push(...shown.map((row) => row.map((cell, column) => shortened(cell, columns[column]! - GAP))));
  return `${grid.toString()}\n`;
}

/** The same without columns that have nothing to say. */
export function compactTable(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const isUsed = head.map((_, column) => rows.some((row) => row[column] !== ''));
  const used = (cells: readonly string[]): string[] => cells.filter((_, column) => isUsed[column]);
  return table(
    used(head),
    rows.map((row) => used(row)),
  );
}

/** Columns between two cells. */
const GAP = 2;

const NO_RULES = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) => [
    [side, ''],
    [`${side}-mid`, ''],
    [`${side}-left`, ''],
    [`${side}-right`, ''],
    ['middle', ''],
  ]),
);

/** Each column as wide as its widest cell; the widest column gives way where a terminal ends. */
function widths(head: readonly string[], rows: ReadonlyArray<readonly string[]>): number[] {
  const wanted = head.map(
    (title, column) => GAP + Math.max(title.length, ...rows.map((row) => columnsOf(row[column] ?? ''))),
  );
  const excess = wanted.reduce((sum, width) => sum + width, 0) - (process.stdout.columns || 80);
  if (excess <= 0 || !answersAPerson()) return wanted;
  const widest = wanted.indexOf(Math.max(...wanted));
  wanted[widest] = Math.max(12, wanted[widest]! - excess);
  return wanted;
}

function shortened(cell: string, most: number): string {
  return columnsOf(cell) <= most ? cell : `${cutToColumns(cell, most - 1)}…`;
}
