import { randomInt } from 'node:crypto';

import type { Statements } from '../statements.js';

import { mayRun, ownProcess, type ProcessPlace } from '../../locks/process.js';
import { now } from '../../sql/expiry.js';
import { hasTable } from '../schema.js';
import { notesDefinition, notesTable, type Tailed, type TailedRole, triggersOf } from './tail-triggers.js';

/**
 * What one running tail has in the file: a table of its own, triggers on the cache's tables that fill it, and a row in
 * `cachectl_tails` with a lease. What a process left that was killed, or whose lease lapsed, is dropped by whoever writes
 * next.
 */

/** Seconds. Long enough to sit out another process's long transaction. */
export const LEASE_S = 60;

/** One change of a row, as the triggers note it. The order of `seq` is the order of the changes. */
export interface Change {
  readonly seq: number;
  readonly role: TailedRole;
  /** `ended`: what was live got a time that is over. `contended`: of a lock that was held, and stayed so. */
  readonly kind: 'contended' | 'deleted' | 'ended' | 'written';
  readonly key: Buffer;
  /** The rowid. */
  readonly row: number;
  /** Unix time in milliseconds. */
  readonly time: number;
  /** Bytes of the value now; null when deleted, and of locks. */
  readonly size: number | null;
  /** Now; null when deleted. */
  readonly expiration: number | null;
  /** The expiration before; null when there was none under this key. */
  readonly was: number | null;
  /** Of a deleted entry, each in hexadecimal, with commas between; null where there were none or they were not asked for. */
  readonly tags: string | null;
}

/** Chance, since one that comes again might be another tail's by the time a process goes on that was stopped. */
export function newTailId(): number {
  return randomInt(1, 2 ** 31);
}

/** Only within `write`. Nothing is noted yet. */
export function createTail(sql: Statements, id: number): void {
  sql.execute(
    `CREATE TABLE IF NOT EXISTS cachectl_tails (
       id INTEGER PRIMARY KEY, lease INTEGER NOT NULL, host TEXT NOT NULL, space TEXT NOT NULL, pid INTEGER NOT NULL
     )`,
  );
  sql
    .statement('INSERT INTO cachectl_tails (id, lease, host, space, pid) VALUES (@id, @lease, @host, @space, @pid)')
    .run({ id, lease: now() + LEASE_S, ...ownProcess() });
  sql.execute(notesDefinition(id));
}

/** Only within `write`. From now on its changes are noted. Gives how many triggers it has for that. */
export function attach(sql: Statements, id: number, tailed: Tailed): number {
  const triggers = triggersOf(id, tailed);
  for (const trigger of triggers) sql.execute(trigger);
  // Compiles the triggers, and runs nothing: what is wrong with them must not show in the application's own statements.
  for (const text of ['INSERT INTO % ("key") VALUES (NULL)', 'UPDATE % SET "key" = NULL', 'DELETE FROM %']) {
    sql.statement(text.replace('%', () => tailed.table));
  }

  return triggers.length;
}

/** Only within `write`. */
export function detach(sql: Statements, id: number, role: TailedRole): void {
  dropTriggers(sql, `${notesTable(id)}_${role}_*`);
}

/** Only within `write`. Does nothing once the lease has lapsed: changes may have gone unnoted since. */
export function renewLease(sql: Statements, id: number): void {
  if (hasTails(sql)) {
    sql
      .statement('UPDATE cachectl_tails SET lease = @lease WHERE id = @id AND lease > @now')
      .run({ id, lease: now() + LEASE_S, now: now() });
  }
}

/** Why changes may have gone unnoted, in a few words; undefined when they were not. */
export function deafnessOf(sql: Statements, id: number, triggers: number): string | undefined {
  if (triggerNames(sql, `${notesTable(id)}_*`).length !== triggers) return 'a table was dropped or replaced';
  const lease = hasTails(sql)
    ? sql.statement('SELECT 1 FROM cachectl_tails WHERE id = ? AND lease > ?').get(id, now())
    : undefined;
  return lease === undefined ? 'this process was stopped for too long' : undefined;
}

/** Only within `write`. Leaves the schema as it was before the first tail. */
export function dropTail(sql: Statements, id: number): void {
  dropTriggers(sql, `${notesTable(id)}_*`);
  sql.execute(`DROP TABLE IF EXISTS ${notesTable(id)}`);
  if (!hasTails(sql)) return;
  sql.execute(`DELETE FROM cachectl_tails WHERE id = ${id}`);
  const { others } = sql.statement<{ others: number }>('SELECT count(*) AS others FROM cachectl_tails').get() as {
    others: number;
  };
  if (others === 0) sql.execute('DROP TABLE cachectl_tails');
}

/** Only within `write`. Drops what killed processes left. */
export function dropLapsedTails(sql: Statements): void {
  for (const id of lapsedIds(sql)) dropTail(sql, id);
}

/** Only within `read` or `write`. How many tails killed processes left. */
export function lapsedTails(sql: Statements): number {
  return lapsedIds(sql).length;
}

function lapsedIds(sql: Statements): number[] {
  if (!hasTails(sql)) return [];
  return sql
    .statement<ProcessPlace & { id: number; lease: number }>('SELECT id, lease, host, space, pid FROM cachectl_tails')
    .all()
    .filter((tail) => tail.lease <= now() || !mayRun(tail))
    .map(({ id }) => id);
}

/** Only within `read` or `write`. The oldest changes after one of them, by its `seq`; none where somebody dropped them. */
export function changesAfter(sql: Statements, id: number, seq: number, limit: number): Change[] {
  if (!hasTable(sql, notesTable(id))) return [];
  return sql
    .statement<Change>(
      `SELECT seq, role, kind, CAST(key AS BLOB) AS key, row, time, size, expiration, was, tags
       FROM ${notesTable(id)} WHERE seq > ? ORDER BY seq LIMIT ?`,
    )
    .all(seq, limit);
}

/** Only within `write`. Those up to one of them; that one stays, since an empty table would number from 1 again. */
export function removeChanges(sql: Statements, id: number, seq: number): void {
  if (!hasTable(sql, notesTable(id))) return;
  sql.statement(`DELETE FROM ${notesTable(id)} WHERE seq < ?`).run(seq);
}

function hasTails(sql: Statements): boolean {
  return hasTable(sql, 'cachectl_tails');
}

function dropTriggers(sql: Statements, glob: string): void {
  for (const name of triggerNames(sql, glob)) sql.execute(`DROP TRIGGER ${name}`);
}

/** In GLOB the names' underscores are no wildcards. */
function triggerNames(sql: Statements, glob: string): string[] {
  return sql
    .statement<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB ?`)
    .all(glob)
    .map(({ name }) => name);
}
