import type { Waiter } from '../../contract/locks.js';
import type { Statements } from '../statements.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { mayRun, type ProcessPlace } from '../../locks/process.js';
import { LEASE_S, type WaiterRecord, waitersOf, type WaitsFor } from '../../locks/waiters.js';
import { now } from '../../sql/expiry.js';
import { bound } from '../listing/row-keys.js';
import { hasTable } from '../schema.js';

/**
 * Rows of the table `cachectl_waiters`. The first waiter creates it and the last one drops it, so that nothing of
 * cachectl stays in an application's file.
 */

/** Write a record with a new lease. Only within `write`. */
export function writeWaiter(
  sql: Statements,
  { token, table, host, space, pid, since, attempts, ...of }: WaiterRecord,
): void {
  const [lock, owner] = [bound(of.lock), bound(of.owner)];
  sql.execute(
    `CREATE TABLE IF NOT EXISTS cachectl_waiters (
       token TEXT PRIMARY KEY, lock_table TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, host TEXT NOT NULL,
       space TEXT NOT NULL, pid INTEGER NOT NULL, since INTEGER NOT NULL, attempts INTEGER NOT NULL, lease INTEGER NOT NULL
     )`,
  );
  sql
    .statement(
      `INSERT INTO cachectl_waiters (token, lock_table, key, owner, host, space, pid, since, attempts, lease)
       VALUES (@token, @table, CAST(@lock AS TEXT), CAST(@owner AS TEXT), @host, @space, @pid, @since, @attempts, @lease)
       ON CONFLICT (token) DO UPDATE SET attempts = excluded.attempts, lease = excluded.lease`,
    )
    .run({ token, table, lock, owner, host, space, pid, since: since.getTime(), attempts, lease: now() + LEASE_S });
  // Left behind if the file was locked at the end of an earlier wait.
  sql
    .statement(
      `DELETE FROM cachectl_waiters WHERE token <> @token AND lock_table = @table AND key = CAST(@lock AS TEXT)
       AND owner = CAST(@owner AS TEXT) AND host = @host AND space = @space AND pid = @pid`,
    )
    .run({ token, table, lock, owner, host, space, pid });
  dropStaleWaiters(sql);
}

/** Only within `write`. */
export function removeWaiter(sql: Statements, token: string): void {
  if (!hasWaiters(sql)) return;
  sql.statement('DELETE FROM cachectl_waiters WHERE token = ?').run(token);
  dropStaleWaiters(sql);
}

/** Remove the rows of killed processes, and the table if nobody waits. Only within `write`. */
export function dropStaleWaiters(sql: Statements): void {
  if (!hasWaiters(sql)) return;
  const rows = sql
    .statement<ProcessPlace & { token: string; lease: number }>(
      'SELECT token, host, space, pid, lease FROM cachectl_waiters',
    )
    .all();
  const stale = rows.filter((row) => row.lease <= now() || !mayRun(row));
  if (stale.length === rows.length) {
    sql.execute('DROP TABLE cachectl_waiters');
    return;
  }

  const remove = sql.statement('DELETE FROM cachectl_waiters WHERE token = ?');
  for (const { token } of stale) remove.run(token);
}

/** The waiters of a lock, in order of arrival. Only within `read`. */
export function liveWaiters(sql: Statements, { table, lock }: WaitsFor): readonly Waiter[] {
  if (!hasWaiters(sql)) return [];
  const rows = sql
    .statement<ProcessPlace & { owner: Buffer; since: number; attempts: number }>(
      `SELECT CAST(owner AS BLOB) AS owner, host, space, pid, since, attempts FROM cachectl_waiters
       WHERE lock_table = ? AND key = CAST(? AS TEXT) AND lease > ? ORDER BY since, rowid`,
    )
    .all(table, bound(lock), now());
  return waitersOf(rows.map((row) => ({ ...row, owner: keyFromBytes(row.owner), since: new Date(row.since) })));
}

function hasWaiters(sql: Statements): boolean {
  return hasTable(sql, 'cachectl_waiters');
}
