import { setImmediate as nextTurn } from 'node:timers/promises';

import type { ListedLock, ListLocksOptions } from '../../contract/locks.js';
import type { SqliteContext } from '../context.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { PAGE_SIZE } from '../../listing/batches.js';
import { secondsOf } from '../../sql/expiry.js';
import { keysUnder, mutexesUnder } from '../keys.js';
import { type HeldRow, holderOf, OWNER_COLUMNS } from './lock.js';

interface Row extends HeldRow {
  readonly bytes: Buffer;
}

interface Page {
  readonly rows: number;
  readonly last: Buffer | undefined;
  readonly locks: readonly ListedLock[];
}

/** Held locks under the prefix, in the order of the primary key, then the scheduler's mutexes among the entries. */
export async function* heldLocks(
  context: SqliteContext,
  { signal }: ListLocksOptions = {},
): AsyncGenerator<ListedLock> {
  for (const role of ['locks', 'cache'] as const) {
    let page: Page | undefined;
    do {
      signal?.throwIfAborted();
      page = nextPage(context, role, page?.last);
      yield* page.locks;
      // Lets a signal arrive.
      await nextTurn();
    } while (page.rows === PAGE_SIZE);
  }
}

/** No transaction stays open between pages. */
function nextPage(
  { connection, tables, prefix }: SqliteContext,
  role: 'cache' | 'locks',
  after: Buffer | undefined,
): Page {
  const isApart = role === 'locks';
  const range = isApart ? keysUnder(prefix, { after }) : mutexesUnder(prefix, { after });
  const prefixLength = Buffer.byteLength(prefix);
  return connection.run(() => {
    if (!tables.has(role)) return { rows: 0, last: undefined, locks: [] };
    const at = Date.now();
    const rows = connection
      .statement<Row>(
        // The plus keeps SQLite from taking the index on expiration and sorting the table for every page.
        `SELECT CAST(key AS BLOB) AS bytes, CAST(${OWNER_COLUMNS[role]} AS BLOB) AS owner, expiration FROM ${tables[role]}
         WHERE ${range.sql} AND +expiration > @at ORDER BY key LIMIT ${PAGE_SIZE}`,
      )
      .all({ ...range.parameters, at: secondsOf(at) });
    const locks = rows.map((row): ListedLock => {
      const name = keyFromBytes(row.bytes.subarray(prefixLength));
      return { name, ...holderOf(row, at), detectedBy: isApart ? 'place' : 'family' };
    });
    return { rows: rows.length, last: rows.at(-1)?.bytes, locks };
  });
}
