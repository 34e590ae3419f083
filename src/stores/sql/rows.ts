import { joined, type Sql, sql } from './statement.js';
import { textBytes, value as valueOf } from './text.js';

/** A row of the cache table to be written. */
export interface CacheRow {
  readonly key: Buffer;
  readonly value: Buffer;
  /** The TTL. */
  readonly seconds: number;
}

/** A row of the tag table to be written. */
export interface TaggedKey {
  readonly tag: Buffer;
  readonly key: Buffer;
}

/** The row in VALUES. @param now the server's Unix time */
export function cacheRow({ key, value, seconds }: CacheRow, now: Sql): Sql {
  return sql`(${textBytes(key)}, ${valueOf(value)}, ${now} + ${seconds})`;
}

export function cacheRows(rows: readonly CacheRow[], now: Sql): Sql {
  return joined(
    rows.map((row) => cacheRow(row, now)),
    ', ',
  );
}

export function tagRows(rows: readonly TaggedKey[]): Sql {
  return joined(
    rows.map(({ tag, key }) => sql`(${textBytes(tag)}, ${textBytes(key)})`),
    ', ',
  );
}
