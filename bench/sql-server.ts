import type { SqlConnection, SqlProfile } from '../src/profiles/profile.js';

import { raw } from '../src/stores/sql/statement.js';
import { startMysql } from '../test/support/mysql-server.js';
import { startPostgres } from '../test/support/postgres-server.js';
import { SQL_CASES, type SqlCase } from '../test/support/sql-cases.js';
import { sqlProfile } from '../test/support/sql-server.js';
import { createLaravelTables, createOwnTables } from '../test/support/sql-tables.js';
import { PREFIX } from './bulk/compare.js';
import { required } from './servers.js';

/** How long a statement of a bench may take, in milliseconds. */
const TIMEOUT_MS = 3_600_000;

/** Rows per INSERT of `fill`. */
const CHUNK = 50_000;

/** A server with Laravel's tables and those of cachectl. */
export interface BenchServer extends SqlCase {
  readonly connection: SqlConnection;
  readonly profile: SqlProfile;
  /** Of cachectl, with the measured prefix. */
  readonly url: string;
  /** The server's own client. */
  readonly program: 'mysql' | 'psql';
  /** Run a statement, without a limit of time. */
  run(statement: string): Promise<void>;
  /** A shell command that runs SQL in the server's own client. It may not have double quotes. */
  command(sql: string): string;
  /** Let the server count and sample the rows. */
  analyze(table: string): Promise<void>;
  /** Store that many entries whose keys begin with `head`. */
  fill(head: string, entries: number): Promise<void>;
}

/** The options of tests, which favour small servers and no durability, are set back. */
const START: Readonly<Record<SqlCase['driver'], () => ReturnType<typeof startMysql>>> = {
  mysql: async () =>
    startMysql(required('neither MariaDB nor MySQL is installed'), [
      '--innodb-flush-log-at-trx-commit=1',
      '--innodb-buffer-pool-size=512M',
      '--local-infile=1',
    ]),
  postgres: async () => startPostgres(required('PostgreSQL is not installed'), ['fsync=on', 'shared_buffers=512MB']),
};

/** Run `work` with a new server. */
export async function withSqlServer<T>(
  driver: SqlCase['driver'],
  work: (server: BenchServer) => Promise<T>,
): Promise<T> {
  const differences = SQL_CASES.find((each) => each.driver === driver)!;
  const { sql, key, now, numbers } = differences;
  const server = await START[driver]();
  const profile = sqlProfile(driver, server, PREFIX);
  await createLaravelTables(sql, profile);
  await createOwnTables(sql, profile);
  const session = await sql.server(server.connection).connect(TIMEOUT_MS);
  const run = async (statement: string): Promise<void> => {
    await session.run(raw(statement));
  };

  // As autovacuum does within a minute. Without statistics, PostgreSQL sorts the rows for each page of a listing.
  const analyze = async (table: string): Promise<void> =>
    run(driver === 'mysql' ? `ANALYZE TABLE ${table}` : `ANALYZE ${table}`);

  const { host, port, username, database } = server.connection;
  try {
    return await work({
      ...differences,
      connection: server.connection,
      profile,
      url: `${server.url}?prefix=${PREFIX}`,
      program: driver === 'mysql' ? 'mysql' : 'psql',
      run,
      analyze,
      command: (statement) =>
        driver === 'mysql'
          ? `mysql --local-infile=1 --quick --batch -h ${host} -P ${port} -u ${username} ${database} -e "${statement.replaceAll('`', '\\`')}"`
          : `psql -q -v ON_ERROR_STOP=1 -h ${host} -p ${port} -U ${username} ${database} -c "${statement}"`,
      async fill(head, entries) {
        for (let start = 0; start < entries; start += CHUNK) {
          const some = Math.min(CHUNK, entries - start);
          await run(`INSERT INTO cache (${key}, value, expiration)
            SELECT concat('${head}', i + ${start}, ':profile'), concat('s:24:"value of the user ', lpad(concat(i), 6, '0'), '";'), ${now} + 86400
            FROM ${numbers(some)}`);
        }

        await analyze('cache');
      },
    });
  } finally {
    await session.close();
    await server.stop();
  }
}
