import type { DefinedTable, Dialect } from '../sql/dialect.js';

import { likePattern } from '../sql/like.js';
import { type CacheRow, cacheRow, type TaggedKey, tagRows } from '../sql/rows.js';
import { raw, type Sql, sql } from '../sql/statement.js';
import { text, textBytes, value } from '../sql/text.js';
import { CHANNEL, payloadOf } from './notifications.js';
import { textArray } from './text-array.js';

const KEY = raw('key');
const NOW = raw('floor(extract(epoch from statement_timestamp()))::bigint');

/**
 * PostgreSQL. Collations affect the order of keys, not their equality. LIKE uses the primary key only with collation C
 * (byte order). Otherwise a listing reads the whole table in key order.
 */
export const POSTGRES: Dialect = {
  driver: 'postgres',
  product: 'PostgreSQL',
  wrapsNul: true,
  key: KEY,
  now: NOW,
  nowMs: raw('floor(extract(epoch from clock_timestamp()) * 1000)::bigint'),
  identifier,

  // The planner reads a whole table for a long list. It takes a list from a subquery for a short one.
  isOneOf: (column, texts) =>
    texts.length === 1
      ? sql`${column} = ${textBytes(texts[0]!)}`
      : sql`${column} = ANY ((SELECT ${arrayOf(texts)})::text[])`,

  follows: ([first, one], [second, other]) => sql`(${first}, ${second}) > (${one}, ${other})`,

  beginsWith: (column, prefix) => sql`${column} LIKE ${textBytes(likePattern(prefix))}`,

  isSha1: (expression) => sql`(${expression}) ~ '^[0-9a-f]{40}$'`,

  digest: (expression) => sql`md5(${expression})`,

  upsert: (table, rows) =>
    sql`INSERT INTO ${table} (key, value, expiration) ${upserted(rows)}
        ON CONFLICT (key) DO UPDATE SET value = excluded.value, expiration = excluded.expiration`,

  insertUnlessLive(table, column, row) {
    const other = raw(column);
    return sql`INSERT INTO ${table} AS present (key, ${other}, expiration) VALUES ${row}
               ON CONFLICT (key) DO UPDATE SET ${other} = excluded.${other}, expiration = excluded.expiration
               WHERE present.expiration <= ${NOW}`;
  },

  insertTags: (table, rows) =>
    sql`INSERT INTO ${table} (tag, key) ${taggedRows(rows)} ON CONFLICT (tag, key) DO UPDATE SET tag = excluded.tag`,

  removeTagged: async (run, rows) => (await import('./tagged-rows.js')).removeTagged(POSTGRES, run, rows),

  release: (table, where, key) =>
    sql`WITH gone AS (DELETE FROM ${table} WHERE ${where} RETURNING 1)
        SELECT pg_notify('${raw(CHANNEL)}', ${text(payloadOf(key))}) FROM gone`,

  exists: (name) => sql`SELECT 1 AS one WHERE to_regclass(${text(quoted(name))}) IS NOT NULL`,

  serverFacts: raw(
    `SELECT current_setting('server_version') AS version, current_setting('transaction_isolation') AS isolation,
     current_setting('server_encoding') AS charset, current_user AS account`,
  ),

  defaultIsolation: raw(`SELECT current_setting('default_transaction_isolation') AS "Value"`),

  sizeOf: (name) =>
    sql`SELECT greatest(0, reltuples)::bigint AS estimate, pg_total_relation_size(oid) AS bytes
        FROM pg_class WHERE oid = to_regclass(${text(quoted(name))})`,

  stats: async (run, name) => (await import('./stats.js')).stats(run, sql`to_regclass(${text(quoted(name))})`),

  columnsOf: (name) =>
    sql`SELECT attname AS name, format_type(atttypid, atttypmod) AS type, collname AS collation,
               format_type(atttypid, atttypmod) = 'citext' OR to_jsonb(c)->>'collisdeterministic' = 'false' AS folds
        FROM pg_attribute LEFT JOIN pg_collation AS c ON c.oid = attcollation
        WHERE attrelid = to_regclass(${text(quoted(name))}) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,

  indexesOf: (name) =>
    sql`SELECT attname AS name, indisunique AND indnatts = 1 AND indpred IS NULL AS identifies
        FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE indrelid = to_regclass(${text(quoted(name))})`,

  createExpirationIndex: (name) => sql`CREATE INDEX ON ${identifier(name)} (expiration)`,

  shortValues: /^(?:character|char|bpchar)\b/,

  async mayCreate(run, name) {
    const [, schema] = name.split('.').reverse();
    const place = schema === undefined ? raw('current_schema()') : sql`${text(schema)}`;
    const { rows } = await run<{ allowed: number }>(sql`SELECT has_schema_privilege(${place}, 'CREATE') AS allowed`);
    return rows[0]!.allowed === 1;
  },

  grant(rights, table, _, account) {
    const [, schema = 'public'] = table.split('.').reverse();
    return `GRANT ${rights} ON ${rights === 'CREATE' ? `SCHEMA ${schema}` : table} TO ${account}`;
  },

  waste: async (run, name) =>
    (await import('./doctor/dead-rows.js')).deadRows(run, name, sql`to_regclass(${text(quoted(name))})`),

  definition,
};

function arrayOf(texts: readonly Buffer[]): Sql {
  return sql`${value(textArray(texts))}::text[]`;
}

/** Parsing and planning a VALUES list takes the server three times as long as storing its rows. */
function upserted(rows: readonly CacheRow[]): Sql {
  if (rows.length === 1) return sql`VALUES ${cacheRow(rows[0]!, NOW)}`;
  const seconds = raw(`'{${rows.map((row) => row.seconds).join(',')}}'::bigint[]`);
  return sql`SELECT key, value, ${NOW} + seconds
    FROM unnest(${arrayOf(rows.map(({ key }) => key))}, ${arrayOf(rows.map((row) => row.value))}, ${seconds})
    AS rows(key, value, seconds)`;
}

function taggedRows(rows: readonly TaggedKey[]): Sql {
  if (rows.length === 1) return sql`VALUES ${tagRows(rows)}`;
  return sql`SELECT * FROM unnest(${arrayOf(rows.map(({ tag }) => tag))}, ${arrayOf(rows.map(({ key }) => key))})`;
}

function identifier(name: string): Sql {
  return raw(quoted(name));
}

function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => `"${part.replaceAll('"', '""')}"`)
    .join('.');
}

/** Laravel's tables as in the migration of Laravel 12. */
function definition(role: DefinedTable, name: string): readonly Sql[] {
  const table = identifier(name);
  const index = (columns: string): Sql =>
    sql`CREATE INDEX IF NOT EXISTS ${identifier(`${name.split('.').at(-1)!}_${columns}_index`)} ON ${table} (${raw(columns)})`;
  switch (role) {
    case 'cache':
    case 'locks': {
      const other = raw(role === 'cache' ? 'value text not null' : 'owner varchar(255) not null');
      return [
        sql`CREATE TABLE ${table} (key varchar(255) not null primary key, ${other}, expiration integer not null)`,
        index('expiration'),
      ];
    }

    case 'tags': {
      return [
        sql`CREATE TABLE IF NOT EXISTS ${table} (tag text COLLATE "C" not null, key text not null, primary key (tag, key))`,
        index('key'),
      ];
    }

    case 'waiters': {
      return [
        sql`CREATE TABLE IF NOT EXISTS ${table} (token text not null primary key, lock_table text not null,
            key text not null, owner text not null, host text not null, space text not null, pid bigint not null,
            since bigint not null, attempts integer not null, lease bigint not null)`,
        index('key'),
      ];
    }
  }
}
