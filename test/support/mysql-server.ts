import type { Context } from 'mocha';

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

import { DRIVER } from '../../src/stores/mysql/store.js';
import { freePort } from './redis-server.js';
import { lacking, programPath } from './requirements.js';
import { withDatabase } from './sql-database.js';
import { connectionOf, optionsFor, type ServerOptions, ServerUser, type SqlServer } from './sql-server.js';

/**
 * Start MySQL or MariaDB on a free port, or use CACHECTL_TEST_MYSQL_URL, with a database that is created and dropped.
 * Without either, the tests of `context` are skipped with a notice, or fail under CI.
 * @param options of a server of its own; undefined also permits CACHECTL_TEST_MYSQL_URL
 */
export async function startMysql(context: Context, options?: ServerOptions): Promise<SqlServer> {
  const given = process.env.CACHECTL_TEST_MYSQL_URL;
  if (given && options === undefined) return withDatabase(DRIVER, connectionOf(given, 3306, 'mysql'));
  // Debian's MariaDB has both names.
  const program = ['mysqld', 'mariadbd'].map((name) => found(name)).find((file) => file !== undefined);
  if (program === undefined) return lacking(context, 'neither mysqld nor mariadbd is installed');
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
    // MySQL does not start without this folder, and Debian's default is created by another package.
    `--secure-file-priv=${user.folder}`,
    // MySQL's X Protocol has a port of its own.
    '--loose-skip-mysqlx',
    // Tests need no durability.
    '--innodb-flush-log-at-trx-commit=0',
    '--innodb-buffer-pool-size=64M',
    ...optionsFor(user, options),
  ]);
  const database = await withDatabase(
    DRIVER,
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
