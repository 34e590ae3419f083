import type { Dialect } from './dialect.js';

import { keyToBytes } from '../entries/key-text.js';
import { SCHEDULE_MUTEX_HEADS } from '../locks/names.js';
import { tagHashOf } from '../tags/names.js';
import { joined, type Sql, sql, TRUE } from './statement.js';
import { textBytes } from './text.js';

interface Bounds {
  readonly after?: Buffer | undefined;
  readonly last?: Buffer | undefined;
}

/**
 * The condition that a column begins with `prefix`, byte by byte, and lies between `after` (exclusive) and `last`
 * (inclusive) in the order of its collation. That order may not keep a prefix together.
 */
export function under(dialect: Dialect, column: Sql, prefix: string, { after, last }: Bounds = {}): Sql {
  return joined(
    [
      prefix === '' ? TRUE : dialect.beginsWith(column, keyToBytes(prefix)),
      ...(after ? [sql`${column} > ${textBytes(after)}`] : []),
      ...(last ? [sql`${column} <= ${textBytes(last)}`] : []),
    ],
    ' AND ',
  );
}

/** The condition that a key under the prefix belongs to a tagged entry: the SHA-1 of its tags follows the prefix. */
export function isTagged(dialect: Dialect, column: Sql, prefix: string): Sql {
  const from = characters(prefix) + 1;
  const hash = sql`SUBSTRING(${column}, ${from}, 40)`;
  return sql`${dialect.beginsWith(column, keyToBytes(prefix))} AND ${dialect.isSha1(hash)} AND SUBSTRING(${column}, ${from + 40}, 1) = ':'`;
}

/** The same for a stored key. */
export function isTaggedKey(stored: Buffer, prefix: string): boolean {
  const head = keyToBytes(prefix);
  const isUnder = stored.subarray(0, head.length).equals(head);
  return isUnder && tagHashOf(stored.subarray(head.length).toString('latin1')) !== undefined;
}

/** The condition that a key under the prefix is a scheduler's mutex, which is stored among the entries. */
export function isMutex(dialect: Dialect, column: Sql, prefix: string): Sql {
  const heads = SCHEDULE_MUTEX_HEADS.map((head) => {
    const hash = sql`SUBSTRING(${column}, ${characters(prefix + head) + 1}, 40)`;
    return sql`(${dialect.beginsWith(column, keyToBytes(prefix + head))} AND ${dialect.isSha1(hash)})`;
  });
  return sql`(${joined(heads, ' OR ')})`;
}

function characters(text: string): number {
  return [...text].length;
}
