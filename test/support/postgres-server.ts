import type { Context } from 'mocha';

import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

import { DRIVER } from '../../src/stores/postgres/store.js';
import { freePort } from './redis-server.js';
import { lacking, programPath } from './requirements.js';
import { withDatabase } from './sql-database.js';
import { connectionOf, optionsFor, type ServerOptions, ServerUser, type SqlServer } from './sql-server.js';

/**
 * Start PostgreSQL on a free port, or use CACHECTL_TEST_POSTGRES_URL, with a database that is created and dropped. Without
 * either, the tests of `context` are skipped with a notice, or fail under CI.
 * @param options of a server of its own; undefined also permits CACHECTL_TEST_POSTGRES_URL
 */
export async function startPostgres(context: Context, options?: ServerOptions): Promise<SqlServer> {
  const given = process.env.CACHECTL_TEST_POSTGRES_URL;
  if (given && options === undefined) return withDatabase(DRIVER, connectionOf(given, 5432, 'postgres'));
  const initdb = found('initdb');
  const program = found('postgres');
  if (initdb === undefined || program === undefined) return lacking(context, 'PostgreSQL is not installed');
  const user = new ServerUser('postgres');
  const data = path.join(user.folder, 'data');
  user.run(initdb, ['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync']);
  const port = await freePort();
  const settings = ['listen_addresses=127.0.0.1', 'fsync=off', ...optionsFor(user, options)].flatMap((setting) => [
    '-c',
    setting,
  ]);
  const server = user.start(program, ['-D', data, '-p', String(port), '-k', user.folder, ...settings]);
  const database = await withDatabase(
    DRIVER,
    { host: '127.0.0.1', port, database: 'postgres', username: 'postgres' },
    async (signal) =>
      // SIGINT would be the fast shutdown; nothing is connected any more.
      user.end(server, signal),
  );
  return { ...database, pid: server.pid };
}

/** Debian keeps each version apart; the newest counts. */
function found(program: string): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((one, other) => Number(other) - Number(one)) : [];
  const files = versions.map((version) => path.join(root, version, 'bin', program));
  return programPath(program) ?? files.find((file) => existsSync(file));
}
