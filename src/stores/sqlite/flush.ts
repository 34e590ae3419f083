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
  const range = keysUnder(options.scope === 'all' ? '' : room.prefix);
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
      const chunk = removeSome(room, role, range);
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

function removeSome({ connection, tables }: Room, role: TableRole, range: KeyRange): Chunk {
  if (!connection.run(() => tables.has(role))) return { rows: 0, live: 0 };
  const table = tables[role];
  const some = `SELECT key FROM ${table} WHERE ${range.sql} ORDER BY key LIMIT ${CHUNK}`;
  return connection.write(() => {
    const live =
      role === 'tags'
        ? 0
        : (
            connection
              .statement<{ live: number }>(
                `SELECT count(*) AS live FROM (SELECT expiration FROM ${table} WHERE ${range.sql} ORDER BY key LIMIT ${CHUNK})
                 WHERE expiration > @at`,
              )
              .get({ ...range.parameters, at: now() }) as { live: number }
          ).live;
    const { changes: rows } = connection
      .statement(`DELETE FROM ${table} WHERE key IN (${some})`)
      .run({ ...range.parameters });
    return { rows, live };
  });
}

function countLive({ connection, tables }: Room, role: TableRole, range: KeyRange): number {
  return connection.run(() => {
    if (!tables.has(role)) return 0;
    const { count } = connection
      .statement<{ count: number }>(
        `SELECT count(*) AS count FROM ${tables[role]} WHERE ${range.sql} AND expiration > @at`,
      )
      .get({ ...range.parameters, at: now() }) as { count: number };
    return count;
  });
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
