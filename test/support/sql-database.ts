import type { SqlConnection } from '../../src/profiles/profile.js';
import type { SqlDriver } from '../../src/stores/sql/store.js';

import { until } from '../../src/testing/suite/stores.js';
import { type SqlServer, urlOf } from './sql-server.js';
import { sqlAdmin } from './sql-tables.js';

/**
 * An empty database on a server, as soon as that takes connections.
 * @param end ends the server; undefined for one that a URL names, which has to be up
 */
export async function withDatabase(
  sql: SqlDriver,
  root: SqlConnection,
  end?: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>,
): Promise<SqlServer> {
  const { driver } = sql.dialect;
  const admin = sqlAdmin(sql, { connection: root });
  const database = `cachectl_${process.pid}_${Date.now()}`;
  const create = async (): Promise<unknown> => admin.run(`CREATE DATABASE ${database}`);
  // A server that was started is not ready at once.
  await (end === undefined
    ? create()
    : until(async () =>
        create().then(
          () => true,
          () => false,
        ),
      ));
  const connection = { ...root, database };
  return {
    connection,
    url: urlOf(driver, connection),
    async kill() {
      await admin.close();
      await end?.('SIGKILL');
    },
    async stop() {
      // PostgreSQL neither drops a database nor ends while somebody is connected. MySQL's goes with its server.
      if (driver === 'postgres') await admin.run(`DROP DATABASE ${database} WITH (FORCE)`);
      else if (end === undefined) await admin.run(`DROP DATABASE ${database}`);
      await admin.close();
      await end?.('SIGTERM');
    },
  };
}
