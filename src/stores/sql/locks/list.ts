import type { ListedLock, ListLocksOptions } from '../../contract/locks.js';
import type { SqlContext } from '../context.js';

import { PAGE_SIZE } from '../../listing/batches.js';
import { isMutex, under } from '../keys.js';
import { sql } from '../statement.js';
import { shortText } from '../text.js';
import { type HeldRow, holderOf, OWNER_COLUMNS } from './lock.js';

interface Row extends HeldRow {
  readonly key: Buffer;
}

/** Held locks under the prefix, in the order of the primary key, then schedulers' mutexes among the entries. */
export async function* heldLocks(context: SqlContext, { signal }: ListLocksOptions = {}): AsyncGenerator<ListedLock> {
  for (const role of ['locks', 'cache'] as const) {
    let rows: readonly Row[] = [];
    do {
      signal?.throwIfAborted();
      rows = await nextRows(context, role, rows.at(-1)?.key);
      for (const row of rows) {
        const name = shortText(row.key, context.prefix);
        yield { name, ...holderOf(row), detectedBy: role === 'locks' ? 'place' : 'family' };
      }
    } while (rows.length === PAGE_SIZE);
  }
}

async function nextRows(
  context: SqlContext,
  role: 'cache' | 'locks',
  after: Buffer | undefined,
): Promise<readonly Row[]> {
  const { dialect, tables, prefix } = context;
  const { key, now, nowMs } = dialect;
  const range = under(dialect, key, prefix, { after });
  const condition = role === 'locks' ? range : sql`${range} AND ${isMutex(dialect, key, prefix)}`;
  const answer = await (role === 'locks' ? context.locks : context.entries).pageIfThere<Row>(
    // Adding 0 disables the index on expiration. With it, the server would sort the table for every page.
    sql`SELECT ${key}, ${OWNER_COLUMNS[role]} AS owner, expiration, ${nowMs} AS at FROM ${tables[role]}
        WHERE ${condition} AND expiration + 0 > ${now} ORDER BY ${key} LIMIT ${PAGE_SIZE}`,
  );
  return answer?.rows ?? [];
}
