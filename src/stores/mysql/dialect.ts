import type { DefinedTable, Dialect } from '../sql/dialect.js';

import { likePattern } from '../sql/like.js';
import { cacheRows, tagRows } from '../sql/rows.js';
import { joined, raw, type Sql, sql } from '../sql/statement.js';
import { text, textBytes, value } from '../sql/text.js';
import { bytesOf } from './bytes.js';
import { isDenied } from './errors.js';

const KEY = raw('`key`');
const NOW = raw('UNIX_TIMESTAMP()');
const IS_DEAD = raw('expiration <= UNIX_TIMESTAMP()');

/**
 * LIKE does not find all keys by the primary key. Its range ends at U+FFFF, which sorts before an emoji in utf8mb4_bin
 * and utf8mb4_unicode_ci, and before U+FFFD in utf8mb4_unicode_520_ci. In utf8mb4_bin it begins at a space. These are
 * the ends of the lowest and the highest keys.
 */
const [LOWEST, ...HIGHEST] = ['00', 'EFBFBD', 'F48FBFBF'].map((hex) => raw(`REPEAT(_utf8mb4 x'${hex}', 255)`)) as [
  ...[Sql, Sql, Sql],
];

/** MySQL and MariaDB. MySQL deprecates `VALUES()` in an upsert, but MariaDB has no alternative. */
export const MYSQL: Dialect = {
  driver: 'mysql',
  product: 'MySQL',
  wrapsNul: false,
  key: KEY,
  now: NOW,
  // The session is in UTC.
  nowMs: raw('CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)'),
  identifier,

  // MySQL reads all rows for a comparison of pairs.
  follows: ([first, one], [second, other]) =>
    sql`(${first} > ${one} OR (${first} = ${one} AND ${second} > ${other})) AND ${first} >= ${one}`,

  isOneOf(column, texts) {
    // The first condition uses the index, whose collation may ignore case, accents and trailing spaces.
    const alike = listOf(texts.map((bytes) => sql`${textBytes(bytes)}`));
    const same = listOf(texts.map((bytes) => sql`${value(bytes)}`));
    return sql`(${column} IN (${alike}) AND ${bytesOf(column)} IN (${same}))`;
  },

  beginsWith(column, prefix) {
    const from = textBytes(prefix);
    const ranges = HIGHEST.map((end) => sql`${column} BETWEEN CONCAT(${from}, ${LOWEST}) AND CONCAT(${from}, ${end})`);
    const alike = joined([sql`${column} LIKE ${textBytes(likePattern(prefix))}`, ...ranges], ' OR ');
    return sql`((${alike}) AND LEFT(${bytesOf(column)}, ${prefix.length}) = ${value(prefix)})`;
  },

  isSha1: (expression) => sql`CONVERT(${expression} USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^[0-9a-f]{40}$'`,

  // MySQL 9.6 and later have no MD5 and SHA1.
  digest: (expression) => sql`LEFT(SHA2(${expression}, 256), 32)`,

  upsert(table, rows) {
    // NULL makes the statement fail if the row has another key that is equal only by collation.
    const isSame = sql`${bytesOf(KEY)} = ${bytesOf(raw('VALUES(`key`)'))} OR ${IS_DEAD}`;
    return sql`INSERT INTO ${table} (${KEY}, value, expiration) VALUES ${cacheRows(rows, NOW)} ON DUPLICATE KEY UPDATE
      expiration = IF(${isSame}, VALUES(expiration), NULL), ${KEY} = VALUES(${KEY}), value = VALUES(value)`;
  },

  insertUnlessLive(table, column, row) {
    const other = raw(column);
    const taken = [KEY, other, raw('expiration')].map(
      (each) => sql`${each} = IF(${IS_DEAD}, VALUES(${each}), ${each})`,
    );
    return sql`INSERT INTO ${table} (${KEY}, ${other}, expiration) VALUES ${row} ON DUPLICATE KEY UPDATE ${listOf(taken)}`;
  },

  insertTags: (table, rows) =>
    sql`INSERT INTO ${table} (tag, ${KEY}) VALUES ${tagRows(rows)} ON DUPLICATE KEY UPDATE tag = VALUES(tag)`,

  removeTagged: async (run, rows) => (await import('./tagged-rows.js')).removeTagged(MYSQL, run, rows),

  release: (table, where) => sql`DELETE FROM ${table} WHERE ${where}`,

  exists: (name) => sql`SELECT table_name AS name FROM information_schema.tables WHERE ${isTable(name)}`,

  serverFacts: sql`SELECT version() AS version, 'READ-COMMITTED' AS isolation, @@character_set_database AS charset,
                          current_user() AS account`,

  // The name before MySQL 8 and MariaDB 11.1, and the one since.
  defaultIsolation: raw(`SHOW GLOBAL VARIABLES WHERE Variable_name IN ('tx_isolation', 'transaction_isolation')`),

  sizeOf: (name) =>
    sql`SELECT table_rows AS estimate, data_length + index_length AS bytes
        FROM information_schema.tables WHERE ${isTable(name)}`,

  stats: async (run, name) => (await import('./stats.js')).stats(run, isTable(name)),

  columnsOf: (name) =>
    sql`SELECT column_name AS name, column_type AS type, collation_name AS collation,
               coalesce(collation_name REGEXP '_(ci|ai)(_|$)', 0) AS folds
        FROM information_schema.columns WHERE ${isTable(name)} ORDER BY ordinal_position`,

  indexesOf: (name) =>
    sql`SELECT max(CASE seq_in_index WHEN 1 THEN column_name END) AS name, count(*) = 1 AND max(non_unique) = 0 AS identifies
        FROM information_schema.statistics WHERE ${isTable(name)} GROUP BY index_name`,

  createExpirationIndex: (name) => sql`CREATE INDEX expiration ON ${identifier(name)} (expiration)`,

  shortValues: /^(?:tiny|var)?(?:text|blob|char|binary)\b/,

  async mayCreate(run, name) {
    // The server checks rights when it prepares the statement.
    const statement = `CREATE TABLE ${quoted(name)} (a int)`;
    try {
      // MySQL takes only a plain literal there. The session's SQL mode has backslash escapes.
      await run(raw(`PREPARE cachectl FROM '${statement.replaceAll(/[\\']/g, String.raw`\$&`)}'`));
      return true;
    } catch (error) {
      if (isDenied(error)) return false;
      throw error;
    }
  },

  grant(rights, table, database, account) {
    const [, user, host] = /^(.*)@(.*)$/s.exec(account) ?? [account, account, '%'];
    // Whoever creates a table here does not own it.
    const all = rights === 'CREATE' ? 'CREATE, SELECT, INSERT, UPDATE, DELETE' : rights;
    return `GRANT ${all} ON ${table.includes('.') ? table : `${database}.${table}`} TO '${user}'@'${host}'`;
  },

  waste: async (run, name) => (await import('./doctor/fragmentation.js')).fragmentation(run, name, isTable(name)),

  definition,
};

function isTable(name: string): Sql {
  const [table, schema] = name.split('.').reverse();
  const place = schema === undefined ? raw('DATABASE()') : sql`${text(schema)}`;
  return sql`table_schema = ${place} AND table_name = ${text(table!)}`;
}

function identifier(name: string): Sql {
  return raw(quoted(name));
}

function quoted(name: string): string {
  return name
    .split('.')
    .map((part) => `\`${part.replaceAll('`', '``')}\``)
    .join('.');
}

function listOf(parts: readonly Sql[]): Sql {
  return joined(parts, ', ');
}

const TEXT = 'character set utf8mb4 collate utf8mb4_unicode_ci';
const BYTEWISE = 'character set utf8mb4 collate utf8mb4_bin';

/** Laravel's tables as in the migration of Laravel 12. */
function definition(role: DefinedTable, name: string, cache: string): readonly Sql[] {
  const table = identifier(name);
  switch (role) {
    case 'cache':
    case 'locks': {
      const other = raw(role === 'cache' ? 'value mediumtext not null' : 'owner varchar(255) not null');
      return [
        sql`CREATE TABLE ${table} (${KEY} varchar(255) not null, ${other}, expiration int not null,
            primary key (${KEY}), index (expiration)) ${raw(TEXT)} engine = InnoDB`,
      ];
    }

    case 'tags': {
      // The key needs the collation of the cache table, or a join could not use the indexes.
      return [
        sql`CREATE TABLE IF NOT EXISTS ${table} (tag varchar(255) ${raw(BYTEWISE)} not null, primary key (tag, ${KEY}),
            index (${KEY})) engine = InnoDB SELECT '' AS tag, ${KEY} FROM ${identifier(cache)} WHERE 1 = 0`,
      ];
    }

    case 'waiters': {
      return [
        sql`CREATE TABLE IF NOT EXISTS ${table} (token char(36) not null primary key, lock_table varchar(255) not null,
            ${KEY} varchar(255) not null, owner varchar(255) not null, host varchar(255) not null,
            space varchar(255) not null, pid bigint not null, since bigint not null, attempts int not null,
            lease bigint not null, index (${KEY})) ${raw(BYTEWISE)} engine = InnoDB`,
      ];
    }
  }
}
