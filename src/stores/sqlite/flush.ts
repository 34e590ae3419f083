import { setImmediate as nextTurn } from 'node:timers/promises';

import type { FlushOptions, FlushResult } from '../contract.js';
import type { Room } from './entries.js';

import { now } from './expiry.js';
import { type KeyRange, keysUnder } from './keys.js';
import { type TableRole } from './tables.js';

/** Rows of one transaction. */
const CHUNK = 10_000;

/**
 * Removes what lies under the prefix, or all of the three tables, in short transactions. Counts what still counted:
 * rows that had expired go too, unmentioned.
 */
export async function flush(room: Room, options: FlushOptions): Promise<FlushResult> {
  options.signal?.throwIfAborted();
  const prefix = options.scope === 'all' ? '' : room.prefix;
  const range = keysUnder(prefix);
  const takesLocks = options.locks || options.scope === 'all';
  const roles: TableRole[] = takesLocks ? ['cache', 'locks'] : ['cache'];
  const keptLocks = takesLocks ? 0 : countLive(room, 'locks', range);
  if (options.dryRun) {
    return { removed: roles.reduce((sum, role) => sum + countLive(room, role, range), 0), keptLocks };
  }

  const total = options.onProgress ? roles.reduce((sum, role) => sum + countRows(room, role, range), 0) : 0;
  let removed = 0;
  for (const role of [...roles, 'tags'] as const) {
    for (;;) {
      const chunk = removeSome(room, role, prefix);
      if (chunk.rows === 0) break;
      removed += chunk.live;
      options.onProgress?.({ done: removed, total });
      // Lets a signal be heard, and other processes write.
      await nextTurn();
      options.signal?.throwIfAborted();
    }
  }

  return { removed, keptLocks };
}

interface Chunk {
  readonly rows: number;
  readonly live: number;
}

function removeSome({ connection, tables }: Room, role: TableRole, prefix: string): Chunk {
  if (!connection.run(() => tables.has(role))) return { rows: 0, live: 0 };
  const table = tables[role];
  const range = keysUnder(prefix);
  return connection.write(() => {
    // By the bounds of the chunk, since a list of its keys would be made and sorted first.
    const last = connection
      .statement<{ key: Buffer }>(
        `SELECT CAST(key AS BLOB) AS key FROM ${table} WHERE ${range.sql} ORDER BY key LIMIT 1 OFFSET ${CHUNK - 1}`,
      )
      .get({ ...range.parameters })?.key;
    const chunk = last === undefined ? range : keysUnder(prefix, { last });
    const live = role === 'tags' ? 0 : liveAmong(connection, table, chunk);
    const { changes: rows } = connection
      .statement(`DELETE FROM ${table} WHERE ${chunk.sql}`)
      .run({ ...chunk.parameters });
    return { rows, live };
  });
}

function countLive({ connection, tables }: Room, role: TableRole, range: KeyRange): number {
  return connection.run(() => (tables.has(role) ? liveAmong(connection, tables[role], range) : 0));
}

function liveAmong(connection: Room['connection'], table: string, { sql, parameters }: KeyRange): number {
  const { count } = connection
    // The plus keeps SQLite from taking the index on expiration, by which all that is live would be gone through.
    .statement<{ count: number }>(`SELECT count(*) AS count FROM ${table} WHERE ${sql} AND +expiration > @at`)
    .get({ ...parameters, at: now() }) as { count: number };
  return count;
}

function countRows({ connection, tables }: Room, role: TableRole, range: KeyRange): number {
  return connection.run(() => {
    if (!tables.has(role)) return 0;
    const { count } = connection
      .statement<{ count: number }>(`SELECT count(*) AS count FROM ${tables[role]} WHERE ${range.sql}`)
      .get({ ...range.parameters }) as { count: number };
    return count;
  });
}
