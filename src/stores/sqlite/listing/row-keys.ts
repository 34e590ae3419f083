import { isUtf8Key, keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { sqliteBinding } from '../binding/choose.js';

/** What a column holds: text, or its bytes where they are not UTF-8. */
export type ColumnText = Buffer | string;

/** A key as it is stored, prefix and all. */
export type RowKey = ColumnText;

/** Makes SQL that gives a column so. */
export type AsColumn = (column: 'key' | 'value') => string;

let cutsText: boolean | undefined;

/** What stands for bytes that are not UTF-8, once they were made a string. */
const REPLACEMENT = '\uFFFD';

/**
 * Rows with their keys, and values where they are asked for, which come as text, since a Buffer for each would take twice as
 * long and much memory. Read again where that is not what is stored.
 * @param read the key is to be named `storedKey`: named as `key`, it would be what ORDER BY sorts by
 */
export function rowsWithKeys<Row extends { readonly storedKey: RowKey; readonly value?: ColumnText | null }>(
  read: (as: AsColumn) => readonly Row[],
): readonly Row[] {
  const asBytes = (): readonly Row[] => read((column) => `CAST(${column} AS BLOB)`);
  cutsText ??= sqliteBinding().cutsText();
  if (cutsText) return asBytes();
  const rows = read((column) => `CAST(${column} AS TEXT)`);
  const isWhole = rows.every(
    ({ storedKey, value }) => !storedKey.includes(REPLACEMENT) && !value?.includes(REPLACEMENT),
  );
  return isWhole ? rows : asBytes();
}

/**
 * A key, a tag or an owner as a parameter, for `CAST(? AS TEXT)`: what is not UTF-8 goes as a BLOB, and the cast makes of
 * it the TEXT that PHP writes.
 */
export function bound(text: string): ColumnText {
  return isUtf8Key(text) ? text : keyToBytes(text);
}

/** Without the prefix. */
export function shortKey(storedKey: RowKey, prefix: string): string {
  return (typeof storedKey === 'string' ? storedKey : keyFromBytes(storedKey)).slice(prefix.length);
}

/** The same as bytes. */
export function bytesOf(column: ColumnText): Buffer {
  return typeof column === 'string' ? Buffer.from(column) : column;
}
