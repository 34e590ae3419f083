import type { FlushOptions, FlushResult } from '../../contract/store.js';
import type { SqlContext } from '../context.js';

import { BatchSize } from '../batch-size.js';
import { isMutex, under } from '../keys.js';
import { type Sql, sql, TRUE } from '../statement.js';
import { countWhere } from './counting.js';
import { connectionOf, type ListedRole, nextRange, type Range } from './ranges.js';

/**
 * Remove the entries under the prefix, or all rows, by ranges of the primary key. Each range is a short statement,
 * which limits row locks and replication lag. Expired rows are removed but not counted. A scheduler's mutex is a lock
 * in either table.
 */
export async function flush(context: SqlContext, options: FlushOptions): Promise<FlushResult> {
  const { dialect, tables } = context;
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const prefix = options.scope === 'all' ? '' : context.prefix;
  const takesLocks = options.locks || options.scope === 'all';
  const isLive = sql`expiration + 0 > ${dialect.now}`;
  const isHeldMutex = sql`(${isMutex(dialect, dialect.key, prefix)} AND ${isLive})`;
  const hasLocks = await tables.has('locks');
  const roles: ListedRole[] = takesLocks && hasLocks ? ['cache', 'locks'] : ['cache'];
  const meantOf = (role: ListedRole): Sql => (role === 'cache' && !takesLocks ? sql`NOT ${isHeldMutex}` : TRUE);
  const countAll = async (where: Sql): Promise<number> => {
    let sum = 0;
    for (const role of roles) {
      sum += await countWhere(context, role, { prefix, where: sql`${meantOf(role)} AND ${where}`, signal });
    }

    return sum;
  };

  let keptLocks = 0;
  if (!takesLocks) {
    if (hasLocks) keptLocks += await countWhere(context, 'locks', { prefix, where: isLive, signal });
    keptLocks += await countWhere(context, 'cache', { prefix, where: isHeldMutex, signal });
  }

  if (options.dryRun) return { removed: await countAll(isLive), keptLocks };
  const total = options.wantsTotal ? await countAll(TRUE) : undefined;
  let removed = 0;
  for (const role of roles) {
    const remove = async (where: Sql): Promise<number> => {
      const { count } = await connectionOf(context, role).run(sql`DELETE FROM ${tables[role]} WHERE ${where}`);
      return count;
    };

    const batch = new BatchSize();
    let range: Range = { after: undefined, last: undefined };
    do {
      const { last: after } = range;
      range = await batch.reading(async () => nextRange(context, role, { prefix, after, rows: batch.rows }));
      const meant = sql`${under(dialect, dialect.key, prefix, range)} AND ${meantOf(role)}`;
      await batch.timedAsync(async () => {
        removed += await remove(sql`${meant} AND ${isLive}`);
        await remove(meant);
      });
      onProgress?.({ done: removed, ...(total !== undefined && { total }) });
      signal?.throwIfAborted();
    } while (range.last !== undefined);
  }

  await flushTags(context, prefix, signal);
  return { removed, keptLocks };
}

/** Remove the rows of the tag table under the prefix. */
async function flushTags(context: SqlContext, prefix: string, signal: AbortSignal | undefined): Promise<void> {
  const { dialect, entries, tables } = context;
  if (!(await tables.has('tags'))) return;
  const batch = new BatchSize();
  for (let isLast = false, last: Buffer | undefined; !isLast; signal?.throwIfAborted()) {
    const range = under(dialect, dialect.key, prefix, { after: last });
    const reading = sql`SELECT ${dialect.key} FROM ${tables.tags} WHERE ${range} ORDER BY ${dialect.key} LIMIT 1 OFFSET ${batch.rows - 1}`;
    const { rows } = await batch.reading(async () => entries.page<{ key: Buffer }>(reading));
    const end = rows[0]?.key;
    // An entry that was stored in the meantime keeps its tags.
    const isGone = sql`NOT EXISTS (SELECT 1 FROM ${tables.cache} AS cache WHERE cache.${dialect.key} = ${tables.tags}.${dialect.key})`;
    const meant = sql`${under(dialect, dialect.key, prefix, { after: last, last: end })} AND ${isGone}`;
    await batch.timedAsync(async () => entries.run(sql`DELETE FROM ${tables.tags} WHERE ${meant}`));
    isLast = end === undefined;
    last = end;
  }
}
