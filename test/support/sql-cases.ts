import type { SqlDriver } from '../../src/stores/sql/store.js';

import { DRIVER as MYSQL } from '../../src/stores/mysql/store.js';
import { DRIVER as POSTGRES } from '../../src/stores/postgres/store.js';
import { startMysql } from './mysql-server.js';
import { startPostgres } from './postgres-server.js';

/** What differs between the servers of a test that runs on both. */
export interface SqlCase {
  readonly driver: 'mysql' | 'postgres';
  readonly sql: SqlDriver;
  readonly start: typeof startMysql;
  /** The column of the key. */
  readonly key: string;
  readonly now: string;
  /** Numbers from 1, in a column `i` of a table. */
  numbers(upTo: number): string;
  /** Connections of cachectl, but not this one, as a query for `id`. */
  readonly connections: string;
  /** End a connection like an administrator. */
  kill(id: string): string;
}

export const SQL_CASES: readonly SqlCase[] = [
  {
    driver: 'mysql',
    sql: MYSQL,
    start: startMysql,
    key: '`key`',
    now: 'UNIX_TIMESTAMP()',
    // A recursion stops at 1000 rows.
    numbers: (upTo) =>
      `(SELECT row_number() OVER () AS i FROM information_schema.collations AS a, information_schema.collations AS b
        LIMIT ${upTo}) AS numbers`,
    connections: `SELECT id FROM information_schema.processlist WHERE id <> connection_id() AND db = database()`,
    kill: (id) => `KILL ${id}`,
  },
  {
    driver: 'postgres',
    sql: POSTGRES,
    start: startPostgres,
    key: 'key',
    now: 'floor(extract(epoch from now()))::bigint',
    numbers: (upTo) => `generate_series(1, ${upTo}) AS numbers(i)`,
    connections: `SELECT pid AS id FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`,
    kill: (id) => `SELECT pg_terminate_backend(${id})`,
  },
];
