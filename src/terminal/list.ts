import type { JsonField, JsonFields } from './json.js';

import { ClosedPipeError } from '../errors.js';
import { stringify, UnfinishedListError } from './json.js';
import { LinePrinter } from './line-printer.js';
import { answer, answersAPerson } from './output.js';
import { type Field, plainText } from './report.js';
import { expiresText, lineField, plainTtl } from './value-text.js';

/** One field of the items in a list, for programs and for people. */
export interface Column<Item> {
  /** The name of the member in JSON. */
  readonly name: string;
  /** The JSON value. Undefined means unknown: omitted from JSON, empty in a pipe. */
  value(item: Item): JsonField;
  /** The text in a pipe, if it differs from the value. False shows the field in JSON only. */
  readonly plain?: ((item: Item) => string) | false;
  /** The heading in a table. Without one, tables leave the field out. */
  readonly title?: string;
  /** The text in a table, if it differs from a pipe's. */
  text?(item: Item): string;
  /** Right-aligned in a table. */
  readonly isNumber?: boolean;
}

/** The remaining TTL of an entry or a lock. */
export const ttlColumn: Column<{ readonly ttl: null | number | undefined }> = {
  name: 'ttl',
  value: ({ ttl }) => ttl,
  plain: ({ ttl }) => plainTtl(ttl),
  title: 'EXPIRES',
  text: ({ ttl }) => expiresText(ttl),
};

/**
 * Print items as they arrive: as one JSON array, as tab-separated lines in a pipe, or as tables on a terminal if a
 * column has a title.
 * @param limit the maximum number of items to print
 * @returns the number of items printed
 * @throws UnfinishedListError if JSON output fails part-way, ClosedPipeError
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

/** An item as a tab-separated line, for a pipe. */
export function itemLine<Item>(item: Item, columns: ReadonlyArray<Column<Item>>): string {
  let line = '';
  for (const column of columns) {
    if (column.plain !== false) line += `${line === '' ? '' : '\t'}${lineField(plainOf(item, column))}`;
  }

  return `${line}\n`;
}

/** An item as report fields, labelled like the columns. */
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

export function itemJson<Item>(item: Item, columns: ReadonlyArray<Column<Item>>): JsonFields {
  const members: Record<string, JsonField> = {};
  for (const column of columns) members[column.name] = column.value(item);
  return members;
}

/** A table of all items, or empty text if there are none. */
export async function listTable<Item>(items: readonly Item[], columns: ReadonlyArray<Column<Item>>): Promise<string> {
  const { table } = await import('./table.js');
  const shown = columns.filter(({ title }) => title !== undefined);
  const headings = shown.map(({ title, isNumber }) => ({ title: title!, ...(isNumber && { isNumber }) }));
  const rows = items.map((item) => shown.map((column) => column.text?.(item) ?? plainOf(item, column)));
  return rows.length === 0 ? '' : table(headings, rows);
}

/** Rows per table. Most lists fit in one; longer ones are split to bound memory. */
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

/** Print one JSON array on one line, item by item. */
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
