import type { CountOptions } from '../../contract/listing.js';
import type { SqlContext } from '../context.js';

import { counted } from '../../listing/counted.js';
import { isHeadOnly, literalHead } from '../../listing/glob.js';
import { under } from '../keys.js';
import { type Sql, sql } from '../statement.js';
import { entryKeys } from './keys.js';
import { connectionOf, type ListedRole, nextRange, type Range, ROWS } from './ranges.js';

/** Count matching entries. The server does it if the pattern is just a prefix. */
export async function countEntries(context: SqlContext, { signal, pattern = '*' }: CountOptions = {}): Promise<number> {
  signal?.throwIfAborted();
  if (!isHeadOnly(pattern)) return counted(entryKeys(context, pattern), signal);
  const { dialect, prefix } = context;
  const isLive = sql`expiration + 0 > ${dialect.now}`;
  return countWhere(context, 'cache', { prefix: prefix + literalHead(pattern), where: isLive, signal });
}

interface Counted {
  readonly prefix: string;
  readonly where: Sql;
  readonly signal?: AbortSignal | undefined;
}

/** Count rows under the prefix that match, range by range. */
export async function countWhere(
  context: SqlContext,
  role: ListedRole,
  { prefix, where, signal }: Counted,
): Promise<number> {
  const { dialect, tables } = context;
  let count = 0;
  let range: Range = { after: undefined, last: undefined };
  do {
    range = await nextRange(context, role, { prefix, after: range.last, rows: ROWS });
    const { rows } = await connectionOf(context, role).run<{ count: number }>(
      sql`SELECT count(*) AS count FROM ${tables[role]} WHERE ${under(dialect, dialect.key, prefix, range)} AND ${where}`,
    );
    count += rows[0]!.count;
    signal?.throwIfAborted();
  } while (range.last !== undefined);

  return count;
}
