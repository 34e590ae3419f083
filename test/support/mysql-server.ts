import type { Context } from 'mocha';

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

import type { SqlConnection } from '../../src/profiles/profile.js';

import { DRIVER } from '../../src/stores/mysql/store.js';
import { until } from '../../src/testing/suite/stores.js';
import { freePort } from './redis-server.js';
import { lacking, programPath } from './requirements.js';
import { connectionOf, optionsFor, type ServerOptions, ServerUser, type SqlServer, urlOf } from './sql-server.js';
import { sqlAdmin } from './sql-tables.js';

/**
 * Start MariaDB or MySQL on a free port, or use CACHECTL_TEST_MYSQL_URL, with a database that is created and dropped.
 * Without either, the tests of `context` are skipped with a notice, or fail under CI.
 * @param options of the server
 */
export async function startMysql(context: Context, options: ServerOptions = []): Promise<SqlServer> {
  const given = process.env.CACHECTL_TEST_MYSQL_URL;
  if (given && options.length === 0) return withDatabase(connectionOf(given, 3306, 'mysql'), async () => {});
  const program = ['mariadbd', 'mysqld'].map((name) => found(name)).find((file) => file !== undefined);
  if (program === undefined) return lacking(context, 'neither mariadbd nor mysqld is installed');
  const user = new ServerUser('mysql');
  const data = path.join(user.folder, 'data');
  const isMariadb = spawnSync(program, ['--version'], { encoding: 'utf8' }).stdout.includes('MariaDB');
  if (isMariadb) {
    const how = ['--no-defaults', `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db'];
    user.run(found('mariadb-install-db') ?? 'mariadb-install-db', how);
  } else user.run(program, ['--no-defaults', '--initialize-insecure', `--datadir=${data}`]);
  const port = await freePort();
  const server = user.start(program, [
    '--no-defaults',
    `--datadir=${data}`,
    `--port=${port}`,
    '--bind-address=127.0.0.1',
    `--socket=${path.join(user.folder, 'socket')}`,
    '--skip-log-bin',
    // Tests need no durability.
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=64M',
    ...optionsFor(user, options),
  ]);
  const database = await withDatabase(
    { host: '127.0.0.1', port, database: 'mysql', username: 'root' },
    async (signal) => user.end(server, signal),
  );
  return { ...database, pid: server.pid };
}

/** Debian installs the server where only root looks. */
function found(program: string): string | undefined {
  const inSbin = `/usr/sbin/${program}`;
  return programPath(program) ?? (existsSync(inSbin) ? inSbin : undefined);
}

async function withDatabase(
  root: SqlConnection,
  end: (signal: 'SIGKILL' | 'SIGTERM') => Promise<void>,
): Promise<SqlServer> {
  const admin = sqlAdmin(DRIVER, { connection: root });
  const database = `cachectl_${process.pid}_${Date.now()}`;
  await until(async () =>
    admin.run(`CREATE DATABASE ${database}`).then(
      () => true,
      () => false,
    ),
  );
  const connection = { ...root, database };
  return {
    connection,
    url: urlOf('mysql', connection),
    async kill() {
      await admin.close();
      await end('SIGKILL');
    },
    async stop() {
      await admin.run(`DROP DATABASE ${database}`);
      await admin.close();
      await end('SIGTERM');
    },
  };
}
