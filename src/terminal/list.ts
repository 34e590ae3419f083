import type { JsonField, JsonFields } from './json.js';

import { ClosedPipeError } from '../errors.js';
import { stringify, UnfinishedListError } from './json.js';
import { LinePrinter } from './line-printer.js';
import { answer, answersAPerson } from './output.js';
import { type Field, plainText } from './report.js';
import { lineField } from './value-text.js';

/** One fact of each item in a list, for programs and for people. */
export interface Column<Item> {
  /** In JSON. */
  readonly name: string;
  /** As in JSON. Undefined is not known: it is left out of JSON, and empty in a pipe. */
  value(item: Item): JsonField;
  /** In a pipe, where that is not the value itself; false: in JSON only. */
  readonly plain?: ((item: Item) => string) | false;
  /** The heading of a table; without one it is not shown to people. */
  readonly title?: string;
  /** In a table, where that is not what a pipe gets. */
  text?(item: Item): string;
  /** Right-aligned in a table. */
  readonly isNumber?: boolean;
}

/**
 * Prints a list as it comes: one JSON array, a line with tabs for each item, or, where columns have titles, tables
 * for a person.
 * @param limit how many at most
 * @returns how many were printed
 * @throws UnfinishedListError in JSON, ClosedPipeError
 */
export async function printList<Item>(
  items: AsyncIterable<Item>,
  columns: ReadonlyArray<Column<Item>>,
  { json, limit }: { readonly json: boolean; readonly limit?: number | undefined },
): Promise<number> {
  if (json) return printJson(items, columns, limit);
  const isTable = answersAPerson() && columns.some(({ title }) => title !== undefined);
  return isTable ? printTables(items, columns, limit) : printLines(items, columns, limit);
}

/** An item as a line with tabs, for a pipe. */
export function itemLine<Item>(item: Item, columns: ReadonlyArray<Column<Item>>): string {
  let line = '';
  for (const column of columns) {
    if (column.plain !== false) line += `${line === '' ? '' : '\t'}${lineField(plainOf(item, column))}`;
  }

  return `${line}\n`;
}

/** An item as fields of a report, labelled like the columns. */
export function itemFields<Item>(item: Item, columns: ReadonlyArray<Column<Item>>): Field[] {
  return columns.map((column) => {
    const value = column.value(item);
    return {
      name: column.name,
      value,
      plain: column.plain && value !== undefined ? column.plain(item) : undefined,
      ...(column.title !== undefined && { label: column.title.toLowerCase(), text: column.text?.(item) }),
    };
  });
}

/** An item's members in JSON. */
export function itemJson<Item>(item: Item, columns: ReadonlyArray<Column<Item>>): JsonFields {
  const members: Record<string, JsonField> = {};
  for (const column of columns) members[column.name] = column.value(item);
  return members;
}

/** Items that are at hand as a table for a person, in one piece; empty of none. */
export async function listTable<Item>(items: readonly Item[], columns: ReadonlyArray<Column<Item>>): Promise<string> {
  const { table } = await import('./table.js');
  const shown = columns.filter(({ title }) => title !== undefined);
  const headings = shown.map(({ title, isNumber }) => ({ title: title!, ...(isNumber && { isNumber }) }));
  const rows = items.map((item) => shown.map((column) => column.text?.(item) ?? plainOf(item, column)));
  return rows.length === 0 ? '' : table(headings, rows);
}

/** Rows of one table: all that most caches have, and no more memory than that where there are more. */
const PAGE = 500;

type Printer = <Item>(
  items: AsyncIterable<Item>,
  columns: ReadonlyArray<Column<Item>>,
  limit: number | undefined,
) => Promise<number>;

const printTables: Printer = async (items, columns, limit) => {
  let printed = 0;
  let page = [];
  for await (const item of items) {
    page.push(item);
    if (page.length === PAGE) {
      await answer(await listTable(page, columns));
      page = [];
    }

    if (++printed === limit) break;
  }

  if (page.length > 0) await answer(await listTable(page, columns));
  return printed;
};

const printLines: Printer = async (items, columns, limit) => {
  const printer = new LinePrinter();
  let printed = 0;
  try {
    for await (const item of items) {
      await printer.print(itemLine(item, columns));
      if (++printed === limit) break;
    }
  } finally {
    await printer.flush();
  }

  return printed;
};

/** An array as one document on one line, printed as its members come. */
const printJson: Printer = async (items, columns, limit) => {
  const printer = new LinePrinter();
  let printed = 0;
  try {
    for await (const item of items) {
      await printer.print(`${printed === 0 ? '[' : ','}${stringify(itemJson(item, columns))}`);
      if (++printed === limit) break;
    }

    await printer.print(printed === 0 ? '[]\n' : ']\n');
  } catch (error) {
    if (printed === 0 || error instanceof ClosedPipeError) throw error;
    throw new UnfinishedListError(error);
  } finally {
    await printer.flush();
  }

  return printed;
};

function plainOf<Item>(item: Item, { plain, value }: Column<Item>): string {
  return plain ? plain(item) : (plainText(value(item)) ?? '');
}
