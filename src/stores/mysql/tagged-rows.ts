import type { Run } from '../sql/connection.js';
import type { Dialect } from '../sql/dialect.js';
import type { TaggedRows } from '../sql/tags/tagged-rows.js';

import { isTagged } from '../sql/keys.js';
import { joined, raw, type Sql, sql } from '../sql/statement.js';
import { textBytes } from '../sql/text.js';
import { bytesOf } from './bytes.js';
import { DEADLOCK } from './errors.js';

const [LISTED, ENTRY, OTHER] = ['listed', 'entry', 'other'].map((table) => raw(`${table}.\`key\``)) as [Sql, Sql, Sql];

/**
 * By joins with the range of rows: the server takes twice as long to parse lists of keys and to look them up.
 * STRAIGHT_JOIN keeps the planner from reading whole tables.
 */
export async function removeTagged(dialect: Dialect, run: Run, rows: TaggedRows): Promise<number> {
  const { cache, tags, keys } = rows;
  const isListed = sql`WHERE ${isInRange(dialect, rows, raw('listed.'))}`;
  const entries = sql`DELETE entry FROM ${tags} AS listed STRAIGHT_JOIN ${cache} AS entry
    ON ${ENTRY} = ${LISTED} AND ${bytesOf(ENTRY)} = ${bytesOf(LISTED)} ${isListed}`;
  const { count } = await run(sql`${entries} AND entry.expiration > ${dialect.now}`);
  if (count < keys.length) await run(entries);
  // Remove the keys from their other tags too, which would otherwise list missing entries. STRCMP uses no index.
  await run(
    sql`DELETE other FROM ${tags} AS listed STRAIGHT_JOIN ${tags} AS other
        ON ${OTHER} = ${LISTED} AND ${bytesOf(OTHER)} = ${bytesOf(LISTED)} AND STRCMP(other.tag, listed.tag) <> 0 ${isListed}`,
  );
  const { count: own } = await run(sql`DELETE FROM ${tags} WHERE ${isInRange(dialect, rows, raw(''))}`);
  if (own === keys.length) return count;
  // The entry of an added row may not have been removed. Roll back and retry, as after a deadlock.
  throw Object.assign(new Error('rows were added to a tag that is being flushed'), { code: DEADLOCK });
}

function isInRange(dialect: Dialect, { tag, prefix, after, last, hasOthers }: TaggedRows, table: Sql): Sql {
  const key = sql`${table}${dialect.key}`;
  return joined(
    [
      sql`${table}tag = ${textBytes(tag)}`,
      ...(after ? [sql`${key} > ${textBytes(after)}`] : []),
      sql`${key} <= ${textBytes(last)}`,
      ...(hasOthers ? [isTagged(dialect, key, prefix)] : []),
    ],
    ' AND ',
  );
}
