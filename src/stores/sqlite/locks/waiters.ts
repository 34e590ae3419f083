import type { Waiter } from '../../contract/locks.js';
import type { Statements } from '../statements.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { mayRun, processName, type ProcessPlace } from '../../locks/process.js';
import { now } from '../../sql/expiry.js';
import { bound } from '../listing/row-keys.js';
import { hasTable } from '../schema.js';

/**
 * Who waits for a lock, as waiters themselves write it down: a row each in `cachectl_waiters`, which is made with the first
 * and dropped with the last, so that nothing of ours stays in an application's file. A row counts until its lease is over,
 * or its process is gone; whoever writes next removes it then.
 */

/** Seconds. Long enough to sit out another process's long transaction. */
export const LEASE_S = 20;

/** A lock: of which table, and under which key, prefix included. */
export interface LockPlace {
  readonly lockTable: string;
  readonly key: string;
}

export interface WaiterRow extends LockPlace, ProcessPlace {
  /** Random: ids would be used again when the table was dropped, and then be another's. */
  readonly token: string;
  readonly owner: string;
  /** Unix time in milliseconds. */
  readonly since: number;
  readonly attempts: number;
}

/** Only within `write`. Writes it down, or that it is still there. */
export function writeWaiter(sql: Statements, row: WaiterRow): void {
  const { token, lockTable, host, space, pid } = row;
  const [key, owner] = [bound(row.key), bound(row.owner)];
  sql.execute(
    `CREATE TABLE IF NOT EXISTS cachectl_waiters (
       token TEXT PRIMARY KEY, lock_table TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL, host TEXT NOT NULL,
       space TEXT NOT NULL, pid INTEGER NOT NULL, since INTEGER NOT NULL, attempts INTEGER NOT NULL, lease INTEGER NOT NULL
     )`,
  );
  sql
    .statement(
      `INSERT INTO cachectl_waiters (token, lock_table, key, owner, host, space, pid, since, attempts, lease)
       VALUES (@token, @lockTable, CAST(@key AS TEXT), CAST(@owner AS TEXT), @host, @space, @pid, @since, @attempts, @lease)
       ON CONFLICT (token) DO UPDATE SET attempts = excluded.attempts, lease = excluded.lease`,
    )
    .run({ ...row, key, owner, lease: now() + LEASE_S });
  // What it left when the file was locked.
  sql
    .statement(
      `DELETE FROM cachectl_waiters WHERE token <> @token AND lock_table = @lockTable AND key = CAST(@key AS TEXT)
       AND owner = CAST(@owner AS TEXT) AND host = @host AND space = @space AND pid = @pid`,
    )
    .run({ token, lockTable, key, owner, host, space, pid });
  dropStaleWaiters(sql);
}

/** Only within `write`. */
export function removeWaiter(sql: Statements, token: string): void {
  if (!hasWaiters(sql)) return;
  sql.statement('DELETE FROM cachectl_waiters WHERE token = ?').run(token);
  dropStaleWaiters(sql);
}

/** Only within `write`. Removes what killed processes left, and the table when nobody waits. */
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

/** Those that wait for a lock, who came first the first. Only within `read`. */
export function liveWaiters(sql: Statements, { lockTable, key }: LockPlace): readonly Waiter[] {
  if (!hasWaiters(sql)) return [];
  return sql
    .statement<ProcessPlace & { owner: Buffer; since: number; attempts: number }>(
      `SELECT CAST(owner AS BLOB) AS owner, host, space, pid, since, attempts FROM cachectl_waiters
       WHERE lock_table = ? AND key = CAST(? AS TEXT) AND lease > ? ORDER BY since, rowid`,
    )
    .all(lockTable, bound(key), now())
    .filter((row) => mayRun(row))
    .map((row) => ({
      name: processName(row),
      owner: keyFromBytes(row.owner),
      since: new Date(row.since),
      attempts: row.attempts,
    }));
}

function hasWaiters(sql: Statements): boolean {
  return hasTable(sql, 'cachectl_waiters');
}
