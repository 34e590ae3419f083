import Table from 'cli-table3';

import { answersAPerson } from './output.js';
import { styleAnswer } from './style.js';
import { forTerminal } from './value-text.js';

/** Rows under a dim head, without rules: what a person reads quickest and can still copy from. */
export function table(head: readonly string[], rows: ReadonlyArray<readonly string[]>): string {
  const grid = new Table({
    head: head.map((title) => styleAnswer('dim', title)),
    chars: NO_RULES,
    style: { head: [], 'padding-left': 0, 'padding-right': 2 },
    colWidths: widths(head, rows),
    wordWrap: false,
  });
  grid.push(...rows.map((row) => row.map((cell) => forTerminal(Buffer.from(cell)))));
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

const NO_RULES = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) => [
    [side, ''],
    [`${side}-mid`, ''],
    [`${side}-left`, ''],
    [`${side}-right`, ''],
    ['middle', ''],
  ]),
);

/** Null for as wide as its widest cell, which a character may make wider by two; the widest column gives way where a terminal ends. */
function widths(head: readonly string[], rows: ReadonlyArray<readonly string[]>): Array<null | number> {
  const wanted = head.map(
    (title, column) => 2 + Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const excess = wanted.reduce((sum, width) => sum + width, 0) - (process.stdout.columns || 80);
  const widest = wanted.indexOf(Math.max(...wanted));
  const isCut = answersAPerson() && excess > 0;
  return wanted.map((width, column) => (isCut && column === widest ? Math.max(12, width - excess) : null));
}
