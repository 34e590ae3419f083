import type { Connection } from './connection.js';

import { now } from './expiry.js';
import { literalKeysUnder } from './keys.js';

/**
 * What one running `events` has in the file: a table of its own, three triggers on the cache table that fill it, and a
 * lease. The triggers look at the lease first, so those of a process that was killed fall silent when it lapses, and
 * the file stops growing; whoever writes next drops them.
 */

/** Seconds. Long enough to sit out another process's long transaction. */
export const LEASE_S = 60;

/** One change of a row, as the triggers note it. The order of `seq` is the order of the changes. */
export interface Change {
  readonly seq: number;
  readonly kind: 'deleted' | 'written';
  readonly key: Buffer;
  /** The rowid. */
  readonly row: number;
  /** Unix time in milliseconds. */
  readonly time: number;
  /** Bytes of the value now; null when deleted. */
  readonly size: number | null;
  /** Now; null when deleted. */
  readonly expiration: number | null;
  /** The expiration before; null when the row is new. */
  readonly was: number | null;
}

/** Only within `write`. Gives the new tail's id. */
export function createTail(connection: Connection, cacheTable: string, prefix: string): number {
  connection.execute('CREATE TABLE IF NOT EXISTS cachectl_tails (id INTEGER PRIMARY KEY, lease INTEGER NOT NULL)');
  const { lastInsertRowid } = connection
    .statement('INSERT INTO cachectl_tails (lease) VALUES (?)')
    .run(now() + LEASE_S);
  const id = Number(lastInsertRowid);
  connection.execute(definition(id, cacheTable, prefix));
  return id;
}

/** Only within `write`. Does nothing once the lease has lapsed: changes may have gone unnoted since. */
export function renewLease(connection: Connection, id: number): void {
  if (!isListening(connection, id)) return;
  connection.statement('UPDATE cachectl_tails SET lease = ? WHERE id = ?').run(now() + LEASE_S, id);
}

/** False when the lease has lapsed, or when the cache table was dropped and its triggers with it. */
export function isListening(connection: Connection, id: number): boolean {
  if (!hasTails(connection)) return false;
  const lease = connection.statement('SELECT 1 FROM cachectl_tails WHERE id = ? AND lease > ?').get(id, now());
  const triggers = connection
    .statement<{ count: number }>(
      `SELECT count(*) AS count FROM sqlite_master WHERE type = 'trigger' AND name IN (?, ?, ?)`,
    )
    .get(...triggerNames(id));
  return lease !== undefined && triggers?.count === 3;
}

/** Only within `write`. Leaves the schema as it was before the first tail. */
export function dropTail(connection: Connection, id: number): void {
  for (const trigger of triggerNames(id)) connection.execute(`DROP TRIGGER IF EXISTS ${trigger}`);
  connection.execute(`DROP TABLE IF EXISTS ${tailTable(id)}`);
  if (!hasTails(connection)) return;
  connection.execute(`DELETE FROM cachectl_tails WHERE id = ${id}`);
  const { others } = connection
    .statement<{ others: number }>('SELECT count(*) AS others FROM cachectl_tails')
    .get() as { others: number };
  if (others === 0) connection.execute('DROP TABLE cachectl_tails');
}

/** Only within `write`. Drops what killed processes left. */
export function dropLapsedTails(connection: Connection): void {
  if (!hasTails(connection)) return;
  const lapsed = connection.statement<{ id: number }>('SELECT id FROM cachectl_tails WHERE lease <= ?').all(now());
  for (const { id } of lapsed) dropTail(connection, id);
}

/** Only within `write`. The oldest changes, which are then gone from the file. */
export function takeChanges(connection: Connection, id: number, limit: number): Change[] {
  const changes = connection
    .statement<Change>(
      `SELECT seq, kind, CAST(key AS BLOB) AS key, row, time, size, expiration, was
       FROM ${tailTable(id)} ORDER BY seq LIMIT ?`,
    )
    .all(limit);
  const last = changes.at(-1);
  if (last) connection.statement(`DELETE FROM ${tailTable(id)} WHERE seq <= ?`).run(last.seq);
  return changes;
}

/** Only within `read`. */
export function hasChanges(connection: Connection, id: number): boolean {
  return connection.statement(`SELECT 1 FROM ${tailTable(id)} LIMIT 1`).get() !== undefined;
}

function hasTails(connection: Connection): boolean {
  const tails = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'cachectl_tails'`;
  return connection.statement(tails).get() !== undefined;
}

function tailTable(id: number): string {
  return `cachectl_tail_${id}`;
}

function triggerNames(id: number): string[] {
  return ['insert', 'update', 'delete'].map((event) => `${tailTable(id)}_${event}`);
}

/**
 * The triggers run inside the application's own SQLite, which may be old: nothing here is newer than SQLite 3.8.
 * No AUTOINCREMENT: it would leave a table (sqlite_sequence) that cannot be dropped.
 */
function definition(id: number, cacheTable: string, prefix: string): string {
  const table = tailTable(id);
  const [inserted, updated, deleted] = triggerNames(id);
  const newIsOurs = literalKeysUnder(prefix, 'new."key"');
  const oldIsOurs = literalKeysUnder(prefix, 'old."key"');
  const isLive = `EXISTS (SELECT 1 FROM cachectl_tails WHERE id = ${id} AND lease > CAST(strftime('%s', 'now') AS INTEGER))`;
  const time = `CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER)`;
  const columns = '(kind, key, row, time, size, expiration, was)';
  const written = `'written', new."key", new.rowid, ${time}, length(CAST(new."value" AS BLOB)), new."expiration"`;
  const gone = `'deleted', old."key", old.rowid, ${time}, NULL, NULL, old."expiration"`;
  return `
    CREATE TABLE ${table} (
      seq INTEGER PRIMARY KEY, kind TEXT, key TEXT, row INTEGER, time INTEGER, size INTEGER, expiration INTEGER, was INTEGER
    );
    CREATE TRIGGER ${inserted} AFTER INSERT ON ${cacheTable} WHEN ${newIsOurs} AND ${isLive} BEGIN
      INSERT INTO ${table} ${columns} VALUES (${written}, NULL);
    END;
    CREATE TRIGGER ${updated} AFTER UPDATE ON ${cacheTable} WHEN (${newIsOurs} OR ${oldIsOurs}) AND ${isLive} BEGIN
      INSERT INTO ${table} ${columns} SELECT ${gone} WHERE old."key" <> new."key" AND ${oldIsOurs};
      INSERT INTO ${table} ${columns}
        SELECT ${written}, CASE WHEN old."key" = new."key" THEN old."expiration" END WHERE ${newIsOurs};
    END;
    CREATE TRIGGER ${deleted} AFTER DELETE ON ${cacheTable} WHEN ${oldIsOurs} AND ${isLive} BEGIN
      INSERT INTO ${table} ${columns} VALUES (${gone});
    END;`;
}
