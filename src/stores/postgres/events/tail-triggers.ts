import type { TailedRole } from '../../sql/events/row-events.js';

import { raw, type Sql, sql } from '../../sql/statement.js';

/**
 * A running tail has a function in the database and triggers on the cache's tables that call it. It holds an advisory
 * lock, which ends with its connection. Without the lock the function does nothing, and the next tail drops it.
 */

/** The first key of the advisory locks. The second is the id of the tail. */
const LOCK_CLASS = 0x63_61_63_68;

const NAME = 'cachectl_tail_';

/** What a tail records of a table. */
export interface Tailed {
  readonly role: TailedRole;
  /** Quoted for SQL. */
  readonly table: Sql;
  /** Only keys with this prefix are recorded. */
  readonly prefix: Buffer;
}

/** The function, the triggers and the channel of a tail have one name. */
export function tailName(id: number): string {
  return `${NAME}${id}`;
}

/** Held until the session ends. */
export function takeLock(id: number): Sql {
  return raw(`SELECT pg_advisory_lock(${LOCK_CLASS}, ${id})`);
}

/** NOTIFY refuses a payload of 8000 bytes. A character has at most 4. */
const MAX_PAYLOAD = 7900;
const CHUNK_CHARACTERS = 1900;

/**
 * The function of the triggers. Its argument is the role of the table, and `notified-change.ts` describes its payloads.
 * It runs in the application's transaction, so it does nothing that may fail.
 */
export function createFunction(id: number): Sql {
  const notify = `PERFORM pg_notify('${tailName(id)}', `;
  return raw(`CREATE FUNCTION ${tailName(id)}() RETURNS trigger LANGUAGE plpgsql AS $tail$
    DECLARE
      head text := TG_ARGV[0] || ' ' || floor(extract(epoch from clock_timestamp()) * 1000)::bigint || ' ';
      size text := '-';
      changes text[] := '{}';
      change text;
      chunks integer;
    BEGIN
      IF pg_try_advisory_xact_lock_shared(${LOCK_CLASS}, ${id}) THEN RETURN NULL; END IF;
      IF TG_OP = 'TRUNCATE' THEN changes := ARRAY['flushed ' || head || '- - - ']; END IF;
      IF TG_OP IN ('INSERT', 'UPDATE') AND TG_ARGV[0] = 'cache' THEN size := octet_length(NEW.value)::text; END IF;
      IF TG_OP = 'INSERT' THEN
        changes := ARRAY['written ' || head || size || ' ' || NEW.expiration || ' - ' || NEW.key];
      ELSIF TG_OP = 'DELETE' THEN
        changes := ARRAY['deleted ' || head || '- - ' || OLD.expiration || ' ' || OLD.key];
      ELSIF TG_OP = 'UPDATE' AND OLD.key = NEW.key THEN
        changes := ARRAY['written ' || head || size || ' ' || NEW.expiration || ' ' || OLD.expiration || ' ' || NEW.key];
      ELSIF TG_OP = 'UPDATE' THEN
        changes := ARRAY['deleted ' || head || '- - ' || OLD.expiration || ' ' || OLD.key,
          'written ' || head || size || ' ' || NEW.expiration || ' - ' || NEW.key];
      END IF;
      FOREACH change IN ARRAY changes LOOP
        CONTINUE WHEN change IS NULL;
        IF octet_length(change) < ${MAX_PAYLOAD} THEN
          ${notify} '.' || change);
        ELSE
          chunks := (length(change) + ${CHUNK_CHARACTERS - 1}) / ${CHUNK_CHARACTERS};
          FOR i IN 1..chunks LOOP
            ${notify} '+' || md5(change) || ' ' || i || ' ' || chunks || ' ' ||
              substr(change, (i - 1) * ${CHUNK_CHARACTERS} + 1, ${CHUNK_CHARACTERS}));
          END LOOP;
        END IF;
      END LOOP;
      RETURN NULL;
    END $tail$`);
}

/** The statements that create the triggers of a table. Another prefix costs a comparison, without a function call. */
export function createTriggers(id: number, { role, table, prefix }: Tailed): readonly Sql[] {
  const trigger = (name: string, on: string, level: 'ROW' | 'STATEMENT', when: string): Sql =>
    sql`CREATE TRIGGER ${raw(`${tailName(id)}_${name}`)} AFTER ${raw(on)} ON ${table} FOR EACH ${raw(level)}
        ${raw(when === '' ? '' : `WHEN (${when})`)} EXECUTE PROCEDURE ${raw(tailName(id))}('${raw(role)}')`;
  const [isNew, isOld] = [isUnder('NEW.key', prefix), isUnder('OLD.key', prefix)];
  return [
    trigger('insert', 'INSERT', 'ROW', isNew),
    trigger('update', UPDATE[role], 'ROW', `(${isNew} OR ${isOld}) AND ${IS_EVENT[role]}`),
    trigger('delete', 'DELETE', 'ROW', isOld),
    trigger('truncate', 'TRUNCATE', 'STATEMENT', ''),
  ];
}

export const TRIGGERS_OF_TABLE = 4;

/** A row of `triggers`, the number of triggers that call the tail's function. */
export function countTriggers(id: number): Sql {
  return raw(`SELECT count(*) AS triggers FROM pg_trigger JOIN pg_proc AS p ON p.oid = tgfoid
              WHERE proname = '${tailName(id)}'`);
}

/** The triggers go with the function. */
export function dropTail(name: Sql): Sql {
  return sql`DROP FUNCTION IF EXISTS ${name}() CASCADE`;
}

/** Rows of `name`, quoted, of the functions whose tail has ended without dropping them. */
export const LAPSED_TAILS = raw(
  `SELECT quote_ident(nspname) || '.' || quote_ident(proname) AS name
   FROM pg_proc JOIN pg_namespace AS n ON n.oid = pronamespace
   WHERE proname ~ '^${NAME}[0-9]+$' AND NOT EXISTS (
     SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = ${LOCK_CLASS} AND mode = 'ExclusiveLock'
     AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND objid::text = substr(proname, ${NAME.length + 1}))`,
);

/** A touch updates neither column and is no event. */
const UPDATE: Readonly<Record<TailedRole, string>> = { cache: 'UPDATE OF key, value', locks: 'UPDATE' };

/** A lock that its owner acquires again or refreshes is no event. */
const IS_EVENT: Readonly<Record<TailedRole, string>> = {
  cache: 'true',
  locks: `(OLD.key <> NEW.key OR OLD.owner <> NEW.owner OR OLD.expiration <= extract(epoch from clock_timestamp()))`,
};

/** A literal for DDL, which takes no parameters. */
function isUnder(column: string, prefix: Buffer): string {
  if (prefix.length === 0) return 'true';
  const literal = `convert_from(decode('${prefix.toString('hex')}', 'hex'), 'UTF8')`;
  return `left(${column}, ${[...prefix.toString()].length}) COLLATE "C" = ${literal} COLLATE "C"`;
}
