import { setImmediate as nextTurn } from 'node:timers/promises';

import type { FlushOptions, FlushResult } from '../../contract/store.js';
import type { SqliteContext } from '../context.js';

import { BatchSize } from '../../sql/batch-size.js';
import { now } from '../../sql/expiry.js';
import { type KeyRange, keysUnder, mutexesUnder, withoutMutexes } from '../keys.js';
import { type TableRole } from '../tables.js';

/**
 * Remove the rows under the prefix, or all rows of the three tables, in short transactions. Expired rows are removed
 * too, but not counted. A scheduler's mutex is a lock although it is among the entries.
 */
export async function flush(context: SqliteContext, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  const prefix = options.scope === 'all' ? '' : context.prefix;
  const range = rowsUnder(prefix);
  const takesLocks = options.locks || options.scope === 'all';
  const roles: TableRole[] = takesLocks ? ['cache', 'locks'] : ['cache'];
  const keptLocks = takesLocks
    ? 0
    : countLive(context, 'locks', range) + countLive(context, 'cache', mutexesUnder(prefix));
  const selected = takesLocks ? range : withoutMutexes(range, prefix, now());
  if (options.dryRun) {
    return { removed: roles.reduce((sum, role) => sum + countLive(context, role, selected), 0), keptLocks };
  }

  const total = options.wantsTotal
    ? roles.reduce((sum, role) => sum + countRows(context, role, selected), 0)
    : undefined;
  let removed = 0;
  for (const role of [...roles, 'tags'] as const) {
    const batch = new BatchSize();
    for (;;) {
      const chunk = batch.timed((rows) => removeSome(context, role, { prefix, takesLocks, most: rows }));
      if (chunk.rows === 0) break;
      removed += chunk.live;
      options.onProgress?.({ done: removed, ...(total !== undefined && { total }) });
      // Lets a signal arrive, and other processes write.
      await nextTurn();
      options.signal?.throwIfAborted();
    }
  }

  return { removed, keptLocks };
}

/** Without a prefix, all rows: those with a BLOB as key too, which cannot be listed. */
function rowsUnder(prefix: string): KeyRange {
  return prefix === '' ? { sql: '1', parameters: {} } : keysUnder(prefix);
}

interface Chunk {
  readonly rows: number;
  readonly live: number;
}

interface Some {
  readonly prefix: string;
  readonly takesLocks: boolean;
  /** The maximum number of rows of this transaction. */
  readonly most: number;
}

function removeSome({ connection, tables }: SqliteContext, role: TableRole, { prefix, takesLocks, most }: Some): Chunk {
  if (!connection.run(() => tables.has(role))) return { rows: 0, live: 0 };
  const table = tables[role];
  const selected = (range: KeyRange): KeyRange =>
    role === 'cache' && !takesLocks ? withoutMutexes(range, prefix, now()) : range;
  return connection.write(() => {
    const range = selected(keysUnder(prefix));
    // Deletes by the bounds of the chunk, since SQLite would build and sort a list of keys. The alias must not be the
    // column's name, or SQLite would sort the whole table by it.
    const last = connection
      .statement<{ bytes: Buffer }>(
        `SELECT CAST(key AS BLOB) AS bytes FROM ${table} WHERE ${range.sql} ORDER BY key LIMIT 1 OFFSET @before`,
      )
      .get({ ...range.parameters, before: most - 1 })?.bytes;
    const chunk = selected(last === undefined ? rowsUnder(prefix) : keysUnder(prefix, { last }));
    const live = role === 'tags' ? 0 : removeLive(connection, table, chunk);
    const { changes: others } = connection
      .statement(`DELETE FROM ${table} WHERE ${chunk.sql}`)
      .run({ ...chunk.parameters });
    return { rows: live + others, live };
  });
}

/** The number of deleted rows is the count. Counting them first would take as long again. */
function removeLive(connection: SqliteContext['connection'], table: string, { sql, parameters }: KeyRange): number {
  return connection
    .statement(`DELETE FROM ${table} WHERE ${sql} AND +expiration > @at`)
    .run({ ...parameters, at: now() }).changes;
}

function countLive({ connection, tables }: SqliteContext, role: TableRole, { sql, parameters }: KeyRange): number {
  return connection.run(() => {
    if (!tables.has(role)) return 0;
    const { count } = connection
      // The plus keeps SQLite from using the index on expiration, with which it would read all live rows.
      .statement<{ count: number }>(`SELECT count(*) AS count FROM ${tables[role]} WHERE ${sql} AND +expiration > @at`)
      .get({ ...parameters, at: now() }) as { count: number };
    return count;
  });
}

function countRows({ connection, tables }: SqliteContext, role: TableRole, range: KeyRange): number {
  return connection.run(() => {
    if (!tables.has(role)) return 0;
    const { count } = connection
      .statement<{ count: number }>(`SELECT count(*) AS count FROM ${tables[role]} WHERE ${range.sql}`)
      .get({ ...range.parameters }) as { count: number };
    return count;
  });
}
