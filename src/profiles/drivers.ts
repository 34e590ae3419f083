import type { ArrayProfile, Profile, RedisConnection, RedisProfile, SqliteProfile } from './profile.js';

import { ConfigError } from '../errors.js';
import { CONNECTION_KEYS, given, namesPlace, readConnection } from './connection.js';
import { Fields, type Folders } from './fields.js';
import { expandUrl } from './redis-url.js';

/** The profile of the driver that its keys name, checked and with all defaults filled in. */
export function readDriver(name: string, fields: Fields, folders: Folders): Profile {
  const driver = fields.oneOf('driver', DRIVER_NAMES);
  if (driver === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} has no driver`,
      `Add "driver: NAME" to it. Drivers: ${DRIVER_NAMES.join(', ')}.`,
    );
  }

  return DRIVERS[driver].read(name, fields, folders);
}

const COMMON_KEYS = ['driver', 'prefix', 'codec', 'protected'];

const DRIVERS = {
  sqlite: { read: readSqlite, keys: [...COMMON_KEYS, 'path', 'table', 'lockTable'] },
  redis: { read: readRedis, keys: [...COMMON_KEYS, ...CONNECTION_KEYS, 'connectionPrefix', 'locks'] },
  array: { read: readArray, keys: COMMON_KEYS },
} as const;

const DRIVER_NAMES = Object.keys(DRIVERS) as ReadonlyArray<Profile['driver']>;

function readArray(name: string, fields: Fields): ArrayProfile {
  return { driver: 'array', ...common(name, fields, 'array') };
}

function readSqlite(name: string, fields: Fields, folders: Folders): SqliteProfile {
  const shared = common(name, fields, 'sqlite');
  const path = fields.path('path', folders);
  if (path === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} has no path`,
      'Add the path of the file: path: cache.sqlite',
    );
  }

  const table = tableName(fields, 'table') ?? 'cache';
  const lockTable = tableName(fields, 'lockTable') ?? 'cache_locks';
  // SQLite's names know no case.
  if (table.toLowerCase() === lockTable.toLowerCase()) {
    fields.fail(
      fields.has('lockTable') ? 'lockTable' : 'table',
      'is the other table too',
      'Give entries and locks a table each.',
    );
  }

  return { driver: 'sqlite', ...shared, path, table, lockTable };
}

function tableName(fields: Fields, key: string): string | undefined {
  const text = fields.filled(key);
  if (text !== undefined && !/^[\p{L}_][\p{L}\p{N}_$-]*$/u.test(text)) {
    fields.fail(key, 'is not the name of a table', 'Use letters, digits and underscores.');
  }

  return text;
}

function readRedis(name: string, stated: Fields, folders: Folders): RedisProfile {
  const fields = expandUrl(stated);
  return {
    driver: 'redis',
    ...common(name, fields, 'redis'),
    connectionPrefix: fields.text('connectionPrefix') ?? '',
    connection: readConnection(fields, folders),
    ...given('locks', readLocks(fields, folders)),
  };
}

/** A connection of their own, or (the default application) the profile's own with another database. */
function readLocks(fields: Fields, folders: Folders): RedisConnection | undefined {
  const setting = fields.entries.get('locks');
  if (setting === undefined) return undefined;
  const subject = `locks of ${fields.subject}`;
  const asUrl = fields.fields('locks') === undefined && fields.filled('locks') !== undefined;
  const stated = asUrl ? new Fields(new Map([['url', setting]]), setting.where, subject) : fields.fields('locks')!;
  const locks = expandUrl(stated);
  locks.only(CONNECTION_KEYS, 'Keys of locks');
  if (locks.entries.size === 0)
    fields.fail('locks', 'says nothing', 'Add url, or a database of the same Redis: locks: { database: 0 }');
  if (namesPlace(locks)) return readConnection(locks, folders);
  const inherited = [...fields.entries].filter(([key]) => CONNECTION_KEYS.includes(key));
  return readConnection(new Fields(new Map([...inherited, ...locks.entries]), setting.where, subject), folders);
}

function common(name: string, fields: Fields, driver: Profile['driver']) {
  refuseOthersKeys(fields, driver);
  fields.only(DRIVERS[driver].keys, `Keys of driver ${driver}`);
  return {
    name,
    prefix: fields.text('prefix') ?? '',
    codec: fields.oneOf('codec', ['php', 'json', 'raw']) ?? 'php',
    protected: fields.boolean('protected') ?? false,
  };
}

/** A key that would be right under another driver is no slip of the pen. */
function refuseOthersKeys(fields: Fields, driver: Profile['driver']): void {
  for (const key of fields.entries.keys()) {
    if (DRIVERS[driver].keys.includes(key)) continue;
    const other = DRIVER_NAMES.find((name) => DRIVERS[name].keys.includes(key));
    if (other === undefined) continue;
    fields.fail(
      key,
      `is a key of driver ${other}, not of ${driver}`,
      `Take it out. Keys of driver ${driver}: ${DRIVERS[driver].keys.join(', ')}.`,
    );
  }
}
