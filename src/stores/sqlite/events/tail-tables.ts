import { randomInt } from 'node:crypto';

import type { TailedRole } from '../../sql/events/row-events.js';
import type { Statements } from '../statements.js';

import { mayRun, ownProcess, type ProcessPlace } from '../../locks/process.js';
import { now } from '../../sql/expiry.js';
import { hasTable } from '../schema.js';
import { changesDefinition, changesTable, type Tailed, triggersOf } from './tail-triggers.js';

/**
 * A running tail has in the file: its own table, triggers on the cache's tables that fill it, and a row in
 * `cachectl_tails` with a lease. If its process was killed or its lease has expired, the next write by cachectl drops
 * them.
 */

/** Seconds. Longer than any reasonable transaction of another process. */
export const LEASE_S = 60;

/** A change of a row, recorded by a trigger. `seq` is in the order of changes. */
export interface Change {
  readonly seq: number;
  readonly role: TailedRole;
  /** `ended`: a live row got an expiration in the past. `contended`: an attempt to acquire a held lock. */
  readonly kind: 'contended' | 'deleted' | 'ended' | 'written';
  readonly key: Buffer;
  /** The rowid. */
  readonly row: number;
  /** Unix time in milliseconds. */
  readonly time: number;
  /** Bytes of the new value. Null for deletions and locks. */
  readonly size: number | null;
  /** The new expiration. Null for deletions. */
  readonly expiration: number | null;
  /** The old expiration. Null if the key did not exist. */
  readonly was: number | null;
  /** Tags of a deleted entry in hexadecimal, separated by commas. Null without tags, or if they are not recorded. */
  readonly tags: string | null;
}

/** Random, so that a process that was suspended never finds its id used by another tail. */
export function newTailId(): number {
  return randomInt(1, 2 ** 31);
}

/** Create the table of a tail, without triggers. Only within `write`. */
export function createTail(sql: Statements, id: number): void {
  sql.execute(
    `CREATE TABLE IF NOT EXISTS cachectl_tails (
       id INTEGER PRIMARY KEY, lease INTEGER NOT NULL, host TEXT NOT NULL, space TEXT NOT NULL, pid INTEGER NOT NULL
     )`,
  );
  sql
    .statement('INSERT INTO cachectl_tails (id, lease, host, space, pid) VALUES (@id, @lease, @host, @space, @pid)')
    .run({ id, lease: now() + LEASE_S, ...ownProcess() });
  sql.execute(changesDefinition(id));
}

/** Create the triggers on a table. Returns their number. Only within `write`. */
export function attach(sql: Statements, id: number, tailed: Tailed): number {
  const triggers = triggersOf(id, tailed);
  for (const trigger of triggers) sql.execute(trigger);
  // Compiles the triggers without running them, so that an error appears here and not in the application's statements.
  for (const text of ['INSERT INTO % ("key") VALUES (NULL)', 'UPDATE % SET "key" = NULL', 'DELETE FROM %']) {
    sql.statement(text.replace('%', () => tailed.table));
  }

  return triggers.length;
}

/** Only within `write`. */
export function detach(sql: Statements, id: number, role: TailedRole): void {
  dropTriggers(sql, `${changesTable(id)}_${role}_*`);
}

/** Only within `write`. Does nothing if the lease has expired: changes may have gone unrecorded since. */
export function renewLease(sql: Statements, id: number): void {
  if (hasTails(sql)) {
    sql
      .statement('UPDATE cachectl_tails SET lease = @lease WHERE id = @id AND lease > @now')
      .run({ id, lease: now() + LEASE_S, now: now() });
  }
}

/** Why changes may have gone unrecorded. Undefined if none have. */
export function interruptionOf(sql: Statements, id: number, triggers: number): string | undefined {
  if (triggerNames(sql, `${changesTable(id)}_*`).length !== triggers) return 'a table was dropped or replaced';
  const lease = hasTails(sql)
    ? sql.statement('SELECT 1 FROM cachectl_tails WHERE id = ? AND lease > ?').get(id, now())
    : undefined;
  return lease === undefined ? 'this process was stopped for too long' : undefined;
}

/** Drop everything of a tail, with the last one also `cachectl_tails`. Only within `write`. */
export function dropTail(sql: Statements, id: number): void {
  dropTriggers(sql, `${changesTable(id)}_*`);
  sql.execute(`DROP TABLE IF EXISTS ${changesTable(id)}`);
  if (!hasTails(sql)) return;
  sql.execute(`DELETE FROM cachectl_tails WHERE id = ${id}`);
  const { others } = sql.statement<{ others: number }>('SELECT count(*) AS others FROM cachectl_tails').get() as {
    others: number;
  };
  if (others === 0) sql.execute('DROP TABLE cachectl_tails');
}

/** Drop the tails of killed processes. Only within `write`. */
export function dropLapsedTails(sql: Statements): void {
  for (const id of lapsedIds(sql)) dropTail(sql, id);
}

/** Count the tails of killed processes. Only within `read` or `write`. */
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

/** The oldest changes after `seq`. None if the table was dropped. Only within `read` or `write`. */
export function changesAfter(sql: Statements, id: number, seq: number, limit: number): Change[] {
  if (!hasTable(sql, changesTable(id))) return [];
  return sql
    .statement<Change>(
      `SELECT seq, role, kind, CAST(key AS BLOB) AS key, row, time, size, expiration, was, tags
       FROM ${changesTable(id)} WHERE seq > ? ORDER BY seq LIMIT ?`,
    )
    .all(seq, limit);
}

/** Remove the changes before `seq`. That one stays, since an empty table would restart at 1. Only within `write`. */
export function removeChanges(sql: Statements, id: number, seq: number): void {
  if (!hasTable(sql, changesTable(id))) return;
  sql.statement(`DELETE FROM ${changesTable(id)} WHERE seq < ?`).run(seq);
}

function hasTails(sql: Statements): boolean {
  return hasTable(sql, 'cachectl_tails');
}

function dropTriggers(sql: Statements, glob: string): void {
  for (const name of triggerNames(sql, glob)) sql.execute(`DROP TRIGGER ${name}`);
}

/** With GLOB, since LIKE takes underscores as wildcards. */
function triggerNames(sql: Statements, glob: string): string[] {
  return sql
    .statement<{ name: string }>(`SELECT name FROM sqlite_master WHERE type = 'trigger' AND name GLOB ?`)
    .all(glob)
    .map(({ name }) => name);
}
