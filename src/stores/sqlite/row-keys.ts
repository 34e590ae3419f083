/** A key as it is stored, prefix and all: text, or its bytes where they are not UTF-8. */
export type RowKey = Buffer | string;

/** What stands for bytes that are not UTF-8, once they were made a string. */
const REPLACEMENT = '\uFFFD';

/**
 * Rows with their keys, which come as text, since a Buffer for each would take twice as long and much memory. Read again
 * where that is not what is stored.
 * @param read takes the SQL of the column. It is to be named `storedKey`: named as `key`, it would be what ORDER BY sorts by
 */
export function rowsWithKeys<Row extends { readonly storedKey: RowKey }>(
  read: (column: string) => readonly Row[],
): readonly Row[] {
  const rows = read('CAST(key AS TEXT) AS storedKey');
  return rows.some(({ storedKey }) => storedKey.includes(REPLACEMENT)) ? read('CAST(key AS BLOB) AS storedKey') : rows;
}

/** Without the prefix. */
export function shortKey(storedKey: RowKey, prefix: string): string {
  return (typeof storedKey === 'string' ? storedKey : storedKey.toString()).slice(prefix.length);
}
