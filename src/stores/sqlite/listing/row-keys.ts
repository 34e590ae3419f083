import { isUtf8Key, keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { sqliteBinding } from '../binding/choose.js';
import { VALUE } from '../schema.js';

/** A column's text, or its bytes if they are not UTF-8. */
export type ColumnText = Buffer | string;

/** A stored key, prefix included. */
export type RowKey = ColumnText;

/** The columns of a row that begins with a stored key. The next one may be a stored value. */
export type KeyedRow = readonly [storedKey: RowKey, ...columns: readonly unknown[]];

/** Returns the SQL expression that selects a column in one of these forms. */
export type AsColumn = (column: 'key' | 'value') => string;

const COLUMNS = { key: 'key', value: VALUE } as const;

let cutsText: boolean | undefined;

/** Replaces bytes that are not UTF-8 in a string. */
const REPLACEMENT = '\uFFFD';

/**
 * Read rows with keys, and with values if selected, as text, since a Buffer for each takes twice as long and much
 * memory. If a text is not the stored bytes, read them again as Buffers.
 * @param read must name the key `storedKey`; named `key`, ORDER BY would sort by the cast
 */
export function rowsWithKeys<Row extends KeyedRow>(read: (as: AsColumn) => readonly Row[]): readonly Row[] {
  const asBytes = (): readonly Row[] => read((column) => `CAST(${COLUMNS[column]} AS BLOB)`);
  cutsText ??= sqliteBinding().cutsText();
  if (cutsText) return asBytes();
  const rows = read((column) => `CAST(${COLUMNS[column]} AS TEXT)`);
  return rows.some(([key, value]) => isReplaced(key) || isReplaced(value)) ? asBytes() : rows;
}

function isReplaced(column: unknown): boolean {
  return typeof column === 'string' && column.includes(REPLACEMENT);
}

/**
 * A key, tag or owner as a parameter for `CAST(? AS TEXT)`. Bytes that are not UTF-8 are passed as a BLOB, which the
 * cast turns into the same TEXT that PHP writes.
 */
export function bound(text: string): ColumnText {
  return isUtf8Key(text) ? text : keyToBytes(text);
}

/** Without the prefix. */
export function shortKey(storedKey: RowKey, prefix: string): string {
  return (typeof storedKey === 'string' ? storedKey : keyFromBytes(storedKey)).slice(prefix.length);
}
