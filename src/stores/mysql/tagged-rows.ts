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
 * By joins with the range of rows: the server takes twice as long to parse lists of keys and to look them up. While rows
 * are being removed, the server's estimates fall to a row or none, and a scan of the table for each listed row seems as
 * cheap as the index. So the joins name their order and indexes.
 */
export async function removeTagged(dialect: Dialect, run: Run, rows: TaggedRows): Promise<number> {
  const { cache, tags, keys } = rows;
  const listed = sql`${tags} AS listed FORCE INDEX (PRIMARY)`;
  const isListed = sql`WHERE ${isInRange(dialect, rows)}`;
  const entries = sql`DELETE entry FROM ${listed} STRAIGHT_JOIN ${cache} AS entry ${await indexOfKey(run, cache)}
    ON ${isListedKey(ENTRY)} ${isListed}`;
  const { count } = await run(sql`${entries} AND entry.expiration > ${dialect.now}`);
  if (count < keys.length) await run(entries);
  // Remove the keys from their other tags too, which would otherwise list missing entries. STRCMP uses no index.
  await run(
    sql`DELETE other FROM ${listed} STRAIGHT_JOIN ${tags} AS other ${await indexOfKey(run, tags)}
        ON ${isListedKey(OTHER)} AND STRCMP(other.tag, listed.tag) <> 0 ${isListed}`,
  );
  const { count: own } = await run(sql`DELETE listed FROM ${listed} ${isListed}`);
  if (own === keys.length) return count;
  // The entry of an added row may not have been removed. Roll back and retry, as after a deadlock.
  throw Object.assign(new Error('rows were added to a tag that is being flushed'), { code: DEADLOCK });
}

/** CONCAT keeps the server from applying the range of listed rows to the joined table, and reading it for each row. */
function isListedKey(key: Sql): Sql {
  return sql`${key} = CONCAT(${LISTED}) AND ${bytesOf(key)} = ${bytesOf(LISTED)}`;
}

/** The hint for the index that begins with the key. Before Laravel 5.8, that of the cache was not the primary key. */
async function indexOfKey(run: Run, table: Sql): Promise<Sql> {
  const { rows } = await run<{ Key_name: Buffer }>(
    sql`SHOW INDEX FROM ${table} WHERE Column_name = 'key' AND Seq_in_index = 1`,
  );
  const name = rows[0]?.Key_name.toString();
  return raw(name === undefined ? '' : `FORCE INDEX (\`${name.replaceAll('`', '``')}\`)`);
}

function isInRange(dialect: Dialect, { tag, prefix, after, last, hasOthers }: TaggedRows): Sql {
  return joined(
    [
      sql`listed.tag = ${textBytes(tag)}`,
      ...(after ? [sql`${LISTED} > ${textBytes(after)}`] : []),
      sql`${LISTED} <= ${textBytes(last)}`,
      ...(hasOthers ? [isTagged(dialect, LISTED, prefix)] : []),
    ],
    ' AND ',
  );
}
