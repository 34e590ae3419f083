import Table from 'cli-table3';

import { columnsOf, cutToColumns, wrapToColumns } from './columns.js';
import { terminalColumns } from './output.js';
import { styleAnswer } from './style.js';
import { forTerminal } from './value-text.js';

/** A column heading, with layout options. */
export interface Heading {
  readonly title: string;
  /** A number: right-aligned, never wrapped. */
  readonly isNumber?: boolean;
  /** Cut to one line instead of wrapped. */
  readonly isCut?: boolean;
  /** Left out if the table does not fit. */
  readonly isOptional?: boolean;
  /** Left out, the last one first, if the table does not fit even with a narrow first column. */
  readonly isMinor?: boolean;
}

/**
 * Lay out rows under a dim heading. There are no rules, so cells can be copied. Empty columns are left out. On a
 * terminal, text wraps at words. The first column is never cut, because people copy it: if it does not fit, it gets a
 * line of its own.
 * @param room the line width, in columns
 */
export function table(
  headings: ReadonlyArray<Heading | string>,
  rows: ReadonlyArray<readonly string[]>,
  room = terminalColumns(),
): string {
  const cells = rows.map((row) => row.map((cell) => forTerminal(Buffer.from(cell))));
  const columns = headings
    .map((heading, index) => columnOf(typeof heading === 'string' ? { title: heading } : heading, index, cells))
    .filter(({ index }) => cells.some((row) => row[index] !== ''));
  const shown = fitting(columns, room);
  const head = shown.map(({ title }) => styleAnswer('dim', title));
  let text = '';
  let together: string[][] = [head];
  for (const row of cells) {
    const name = row[shown[0]?.index ?? 0] ?? '';
    const isApart = shown[0] !== undefined && columnsOf(name) > shown[0].width;
    if (isApart) {
      text += `${drawn(shown, together)}${name}\n`;
      together = [];
    }

    const wrapped = wrappedRow(shown, row, isApart);
    if (!isApart || wrapped.some((cell) => cell !== '')) together.push(wrapped);
  }

  return text + drawn(shown, together);
}

/** Cells must be wrapped already: cli-table3 measures widths differently. */
function drawn(columns: readonly Column[], rows: readonly string[][]): string {
  if (rows.length === 0) return '';
  const grid = new Table({
    chars: NO_RULES,
    style: { 'padding-left': 0, 'padding-right': GAP },
    colAligns: columns.map(({ isNumber }) => (isNumber ? 'right' : 'left')),
    colWidths: columns.map(({ width }) => width + GAP),
  });
  grid.push(...rows);
  return `${grid.toString().replaceAll(/ +$/gm, '')}\n`;
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

/** Spaces between two cells. */
const GAP = 2;

/** The width to which text columns shrink before names move to lines of their own. */
const NARROW = 16;

interface Column extends Heading {
  readonly index: number;
  /** The width of the widest cell. */
  readonly natural: number;
  width: number;
}

function columnOf(heading: Heading, index: number, cells: ReadonlyArray<readonly string[]>): Column {
  const natural = Math.max(heading.title.length, ...cells.map((row) => columnsOf(row[index] ?? '')));
  return { ...heading, index, natural, width: natural };
}

/** Choose column widths that fit in `room`, if possible. */
function fitting(columns: readonly Column[], room: number): readonly Column[] {
  if (widthOf(columns) <= room) return columns;
  const [name, ...others] = columns.filter(({ isOptional }) => !isOptional);
  if (name === undefined) return columns;
  for (const column of others) {
    if (!column.isNumber) column.width = Math.min(column.natural, Math.max(column.title.length, NARROW));
  }

  while (Math.min(name.natural, NARROW) + GAP + widthOf(others) > room) {
    const minor = others.findLastIndex(({ isMinor }) => isMinor);
    if (minor === -1) break;
    others.splice(minor, 1);
  }

  const left = room - widthOf(others) - GAP;
  if (name.natural > left) name.width = Math.max(name.title.length, Math.min(left, NARROW));
  let spare = room - widthOf([name, ...others]);
  for (; spare > 0; spare--) {
    const [neediest] = others.toSorted((one, other) => lackOf(other) - lackOf(one));
    if (neediest === undefined || lackOf(neediest) <= 0) break;
    neediest.width++;
  }

  return [name, ...others];
}

function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width + GAP, -GAP);
}

function lackOf({ natural, width }: Column): number {
  return natural - width;
}

function wrappedRow(columns: readonly Column[], row: readonly string[], isApart: boolean): string[] {
  return columns.map((column, place) => {
    const cell = row[column.index] ?? '';
    if (place === 0) return isApart ? '' : cell;
    if (column.isCut) return cutTo(cell, column.width);
    return cell
      .split('\n')
      .flatMap((line) => wrapToColumns(line, column.width))
      .join('\n');
  });
}

function cutTo(cell: string, most: number): string {
  return columnsOf(cell) <= most ? cell : `${cutToColumns(cell, most - 1)}…`;
}
