import type { TailedRole } from '../../sql/events/row-events.js';

import { literalKeysUnder } from '../keys.js';

/** What a tail records of a table. */
export interface Tailed {
  readonly role: TailedRole;
  /** Quoted for SQL. */
  readonly table: string;
  /** Only keys with this prefix are recorded. */
  readonly prefix: string;
  /** Quoted for SQL, to record the tags of deleted entries. Undefined without such a table, or without `tags`. */
  readonly tagsTable: string | undefined;
}

/** The table that the triggers of a tail fill. */
export function changesTable(id: number): string {
  return `cachectl_tail_${id}`;
}

/**
 * The columns of `Change`. Without AUTOINCREMENT, which would leave a table (sqlite_sequence) that cannot be dropped.
 */
export function changesDefinition(id: number): string {
  return `CREATE TABLE ${changesTable(id)} (
    seq INTEGER PRIMARY KEY, role TEXT, kind TEXT, key TEXT, row INTEGER, time INTEGER, size INTEGER, expiration INTEGER,
    was INTEGER, tags TEXT
  )`;
}

/**
 * The statements that create the triggers. They run in the application's SQLite, which may be old, so they use nothing
 * newer than SQLite 3.8. They check the lease first, so that the triggers of a killed process stop recording.
 */
export function triggersOf(id: number, tailed: Tailed): readonly string[] {
  const { role, table, prefix } = tailed;
  const changes = changesTable(id);
  const newIsOurs = isTailed(prefix, 'new."key"');
  const oldIsOurs = isTailed(prefix, 'old."key"');
  const isLive = `EXISTS (SELECT 1 FROM cachectl_tails WHERE id = ${id} AND lease > ${NOW})`;
  const record = `INSERT INTO ${changes} (role, kind, key, row, time, size, expiration, was, tags)`;
  const size = role === 'cache' ? 'length(CAST(new."value" AS BLOB))' : 'NULL';
  const written = `'${role}', 'written', new."key", new.rowid, ${TIME}, ${size}, new."expiration"`;
  const deleted = `'${role}', 'deleted', old."key", old.rowid, ${TIME}, NULL, NULL, old."expiration", ${tagsOf(tailed)}`;
  const ended = `'${role}', 'ended', new."key", new.rowid, ${TIME}, NULL, new."expiration", old."expiration", NULL`;
  const trigger = (name: string, on: string, when: string, body: string): string =>
    `CREATE TRIGGER ${changes}_${role}_${name} ${on} ON ${table} WHEN (${when}) AND ${isLive} BEGIN ${body}; END`;

  const triggers = [
    trigger('insert', 'AFTER INSERT', newIsOurs, `${record} VALUES (${written}, NULL, NULL)`),
    trigger('delete', 'AFTER DELETE', oldIsOurs, `${record} VALUES (${deleted})`),
    trigger(
      'end',
      'AFTER UPDATE OF "expiration"',
      `${newIsOurs} AND new."expiration" <= ${NOW} AND old."expiration" > ${NOW}`,
      `${record} VALUES (${ended})`,
    ),
    // The last, since SQLite fires the newest trigger first, and a write comes before its expiry.
    trigger(
      'update',
      UPDATE[role],
      `(${newIsOurs} OR ${oldIsOurs}) AND ${IS_EVENT[role]}`,
      `${record} SELECT ${deleted} WHERE old."key" <> new."key" AND ${oldIsOurs};
       ${record} SELECT ${written}, CASE WHEN old."key" = new."key" THEN old."expiration" END, NULL WHERE ${newIsOurs}`,
    ),
  ];
  if (role === 'cache') return triggers;
  const isHeld = `EXISTS (SELECT 1 FROM ${table} WHERE "key" = new."key" AND "expiration" > ${NOW})`;
  const contended = `'locks', 'contended', new."key", NULL, ${TIME}, NULL, NULL, NULL, NULL`;
  // An upsert on a held lock changes nothing, but the record stays. A plain insert fails, which undoes the record.
  triggers.push(trigger('contend', 'BEFORE INSERT', `${newIsOurs} AND ${isHeld}`, `${record} VALUES (${contended})`));
  return triggers;
}

/** A condition on a key expression. In SQLite a primary key may be NULL, which is no entry. */
export function isTailed(prefix: string, key: string): string {
  return prefix === '' ? `${key} IS NOT NULL` : literalKeysUnder(prefix, key);
}

/** Unix time in seconds. */
const NOW = `CAST(strftime('%s', 'now') AS INTEGER)`;

/** Unix time in milliseconds. */
const TIME = `CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER)`;

/** A touch updates neither column and is no event. */
const UPDATE: Readonly<Record<TailedRole, string>> = {
  cache: 'AFTER UPDATE OF "key", "value"',
  locks: 'AFTER UPDATE',
};

/** A lock that its owner acquires again or refreshes is no event. */
const IS_EVENT: Readonly<Record<TailedRole, string>> = {
  cache: '1',
  locks: `(old."key" <> new."key" OR old."owner" <> new."owner" OR old."expiration" <= ${NOW})`,
};

function tagsOf({ tagsTable }: Tailed): string {
  return tagsTable === undefined
    ? 'NULL'
    : `(SELECT group_concat(hex("tag")) FROM ${tagsTable} WHERE "key" = old."key")`;
}
