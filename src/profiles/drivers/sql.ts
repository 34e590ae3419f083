import type { Fields, Folders } from '../fields.js';
import type { SqlConnection, SqlProfile, Warn } from '../profile.js';
import type { Common } from './common.js';

import { ConfigError } from '../../errors.js';
import { Fields as Part } from '../fields.js';
import { expandUrl } from '../url/expand.js';
import { withoutForeign } from '../url/foreign-parameters.js';
import { COMMON_KEYS } from './common.js';
import { toHost } from './host.js';
import { given, readTls } from './redis-connection.js';
import { readSsh } from './ssh.js';

/** The keys of a connection: in the profile, and in its `locks`. */
const CONNECTION_KEYS = ['url', 'host', 'port', 'socket', 'database', 'username', 'password', 'tls', 'searchPath'];

export const SQL_KEYS = [...CONNECTION_KEYS, 'table', 'lockTable', 'locks', 'ssh'];

type SqlDriver = SqlProfile['driver'];

const PORTS: Readonly<Record<SqlDriver, number>> = { mysql: 3306, postgres: 5432 };

/** Laravel's `database` store on an SQL server. `url` is already expanded. */
export function sqlReader(driver: SqlDriver) {
  return async (common: Common, fields: Fields, folders: Folders, warn: Warn): Promise<SqlProfile> => {
    const table = tableName(fields, 'table') ?? 'cache';
    const lockTable = tableName(fields, 'lockTable') ?? 'cache_locks';
    if (table === lockTable) {
      const key = fields.has('lockTable') ? 'lockTable' : 'table';
      fields.fail(key, 'is also the other table', 'Use separate tables for entries and locks.');
    }

    return {
      driver,
      ...common,
      connection: readConnection(driver, fields, folders),
      table,
      lockTable,
      ...given('ssh', readSsh(fields, folders)),
      ...given('locks', await readLocks(driver, fields, folders, warn)),
    };
  };
}

function tableName(fields: Fields, key: string): string | undefined {
  const name = fields.filled(key);
  if (name !== undefined && (name.split('.').length > 2 || name.split('.').includes(''))) {
    fields.fail(key, 'is not the name of a table', 'Write the table, or schema.table.');
  }

  return name;
}

function readConnection(driver: SqlDriver, fields: Fields, folders: Folders): SqlConnection {
  const database = fields.filled('database');
  if (database === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} names no database`,
      `Add it to the URL, ${driver}://host/DATABASE, or as database: DATABASE`,
    );
  }

  const socket = fields.path('socket', folders);
  if (socket !== undefined && fields.has('host')) {
    fields.fail('socket', 'cannot be combined with host', 'Keep one of the two.');
  }

  if (socket === undefined && !fields.has('host')) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} does not say where the server is`,
      `Add url: ${driver}://user:password@host/DATABASE, or host, or socket.`,
    );
  }

  if (driver === 'mysql' && fields.has('searchPath')) {
    fields.fail('searchPath', 'is for PostgreSQL', 'Remove it, or name the tables as database.table.');
  }

  const fail = (problem: string, hint: string): never => fields.fail('host', problem, hint);
  return {
    host: socket === undefined ? toHost(fields.filled('host')!, fail) : 'localhost',
    port: fields.integer('port', 1, 65_535) ?? PORTS[driver],
    ...given('socket', socket),
    database,
    ...given('username', fields.optional('username')),
    ...given('password', fields.optional('password')),
    ...given('tls', readTls(fields, folders)),
    ...given('searchPath', fields.filled('searchPath')),
  };
}

/** Another connection: a URL, or keys that differ from those of the profile. */
async function readLocks(
  driver: SqlDriver,
  fields: Fields,
  folders: Folders,
  warn: Warn,
): Promise<SqlConnection | undefined> {
  const setting = fields.entries.get('locks');
  if (setting === undefined) return undefined;
  const subject = `locks of ${fields.subject}`;
  const stated = fields.fields('locks') ?? new Part(new Map([['url', setting]]), setting.where, subject);
  const others = [...COMMON_KEYS, ...SQL_KEYS];
  const locks = await withoutForeign(expandUrl(stated, driver), CONNECTION_KEYS, warn, others);
  locks.only(CONNECTION_KEYS, 'Keys of locks');
  if (locks.has('host') || locks.has('socket')) return readConnection(driver, locks, folders);
  const inherited = [...fields.entries].filter(([key]) => CONNECTION_KEYS.includes(key));
  return readConnection(driver, new Part(new Map([...inherited, ...locks.entries]), setting.where, subject), folders);
}
