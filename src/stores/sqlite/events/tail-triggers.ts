import { literalKeysUnder } from '../keys.js';

/** Laravel's two tables, both of which a tail hears of. */
export type TailedRole = 'cache' | 'locks';

/** What one tail wants to be noted of one table. */
export interface Tailed {
  readonly role: TailedRole;
  /** Quoted, ready for SQL. */
  readonly table: string;
  /** Keys that begin so are noted; empty: all. */
  readonly prefix: string;
  /** Quoted, where there is such a table and tags are asked for: those of an entry are gone when it is read that it is. */
  readonly tagsTable: string | undefined;
}

/** The table that the triggers of one tail fill. */
export function notesTable(id: number): string {
  return `cachectl_tail_${id}`;
}

/**
 * No AUTOINCREMENT: it would leave a table (sqlite_sequence) that cannot be dropped.
 * The columns are those of `Change`, but `tags`, which are in hexadecimal, with commas between.
 */
export function notesDefinition(id: number): string {
  return `CREATE TABLE ${notesTable(id)} (
    seq INTEGER PRIMARY KEY, role TEXT, kind TEXT, key TEXT, row INTEGER, time INTEGER, size INTEGER, expiration INTEGER,
    was INTEGER, tags TEXT
  )`;
}

/**
 * A statement each. The triggers run inside the application's own SQLite, which may be old: nothing here is newer than
 * SQLite 3.8. They look at the lease first, so those of a process that was killed fall silent when it lapses.
 */
export function triggersOf(id: number, tailed: Tailed): readonly string[] {
  const { role, table, prefix } = tailed;
  const notes = notesTable(id);
  const newIsOurs = isNoted(prefix, 'new."key"');
  const oldIsOurs = isNoted(prefix, 'old."key"');
  const isLive = `EXISTS (SELECT 1 FROM cachectl_tails WHERE id = ${id} AND lease > ${NOW})`;
  const note = `INSERT INTO ${notes} (role, kind, key, row, time, size, expiration, was, tags)`;
  const size = role === 'cache' ? 'length(CAST(new."value" AS BLOB))' : 'NULL';
  const written = `'${role}', 'written', new."key", new.rowid, ${TIME}, ${size}, new."expiration"`;
  const gone = `'${role}', 'deleted', old."key", old.rowid, ${TIME}, NULL, NULL, old."expiration", ${tagsOf(tailed)}`;
  const ended = `'${role}', 'ended', new."key", new.rowid, ${TIME}, NULL, new."expiration", old."expiration", NULL`;
  const trigger = (name: string, on: string, when: string, body: string): string =>
    `CREATE TRIGGER ${notes}_${role}_${name} ${on} ON ${table} WHEN (${when}) AND ${isLive} BEGIN ${body}; END`;

  const triggers = [
    trigger('insert', 'AFTER INSERT', newIsOurs, `${note} VALUES (${written}, NULL, NULL)`),
    trigger('delete', 'AFTER DELETE', oldIsOurs, `${note} VALUES (${gone})`),
    trigger(
      'end',
      'AFTER UPDATE OF "expiration"',
      `${newIsOurs} AND new."expiration" <= ${NOW} AND old."expiration" > ${NOW}`,
      `${note} VALUES (${ended})`,
    ),
    // The last, since SQLite fires the youngest first: what is written with a time that is over is told to be written first.
    trigger(
      'update',
      UPDATE[role],
      `(${newIsOurs} OR ${oldIsOurs}) AND ${IS_NEWS[role]}`,
      `${note} SELECT ${gone} WHERE old."key" <> new."key" AND ${oldIsOurs};
       ${note} SELECT ${written}, CASE WHEN old."key" = new."key" THEN old."expiration" END, NULL WHERE ${newIsOurs}`,
    ),
  ];
  if (role === 'cache') return triggers;
  const isHeld = `EXISTS (SELECT 1 FROM ${table} WHERE "key" = new."key" AND "expiration" > ${NOW})`;
  const contended = `'locks', 'contended', new."key", NULL, ${TIME}, NULL, NULL, NULL, NULL`;
  // An upsert comes here and changes nothing, and the note stays. Of a plain insert, which fails, it is undone.
  triggers.push(trigger('contend', 'BEFORE INSERT', `${newIsOurs} AND ${isHeld}`, `${note} VALUES (${contended})`));
  return triggers;
}

/** The condition on a key's expression. SQLite lets a primary key be NULL, which is the key of no entry. */
export function isNoted(prefix: string, key: string): string {
  return prefix === '' ? `${key} IS NOT NULL` : literalKeysUnder(prefix, key);
}

/** Unix time in seconds. */
const NOW = `CAST(strftime('%s', 'now') AS INTEGER)`;

/** Unix time in milliseconds. */
const TIME = `CAST((julianday('now') - 2440587.5) * 86400000.0 + 0.5 AS INTEGER)`;

/** Another ttl for the same value names neither column; it is no event of a cache. */
const UPDATE: Readonly<Record<TailedRole, string>> = {
  cache: 'AFTER UPDATE OF "key", "value"',
  locks: 'AFTER UPDATE',
};

/** A lock that its owner holds, and gets again or refreshes, is not acquired. */
const IS_NEWS: Readonly<Record<TailedRole, string>> = {
  cache: '1',
  locks: `(old."key" <> new."key" OR old."owner" <> new."owner" OR old."expiration" <= ${NOW})`,
};

function tagsOf({ tagsTable }: Tailed): string {
  return tagsTable === undefined
    ? 'NULL'
    : `(SELECT group_concat(hex("tag")) FROM ${tagsTable} WHERE "key" = old."key")`;
}
