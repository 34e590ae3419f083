import type { Profile, Warn } from './profile.js';

import { ConfigError } from '../errors.js';
import { type Common, COMMON_KEYS, readCommon } from './drivers/common.js';
import { FILE_KEYS, readFile } from './drivers/file.js';
import { MEMCACHED_KEYS, readMemcached } from './drivers/memcached.js';
import { MONGODB_KEYS, readMongodb } from './drivers/mongodb.js';
import { noStoreFor } from './drivers/no-store.js';
import { readRedis, REDIS_KEYS } from './drivers/redis.js';
import { SQL_KEYS, sqlReader } from './drivers/sql.js';
import { readSqlite, SQLITE_KEYS } from './drivers/sqlite.js';
import { Fields, type Folders } from './fields.js';
import { quote } from './settings.js';
import { expandUrl } from './url/expand.js';
import { withoutForeign } from './url/foreign-parameters.js';

/** The profile of the driver that its keys name, checked and with all defaults. */
export async function readDriver(
  name: string,
  written: Fields,
  folders: Folders,
  warn: Warn = () => {},
): Promise<Profile> {
  const stated = withOurName(written);
  const text = stated.text('driver');
  if (text === undefined) {
    throw new ConfigError(
      `${stated.where}: ${stated.subject} has no driver`,
      `Add "driver: NAME". Drivers: ${DRIVER_NAMES.join(', ')}, or the path or package of a custom driver.`,
    );
  }

  if (!isOurs(text)) {
    // Check this first: packages of these names are database clients, not drivers.
    const refusal = noStoreFor(text, `${stated.where}: driver ${quote(text)} of ${stated.subject}`);
    if (refusal !== undefined) throw refusal;
    const { readCustom } = await import('./drivers/custom.js');
    const custom = await readCustom(name, stated, folders);
    if (custom !== undefined) return custom;
  }

  const driver = stated.oneOf('driver', DRIVER_NAMES, 'No package of that name is installed. There are')!;
  const expanded = hasUrl(driver) ? expandUrl(stated, driver) : stated;
  refuseOthersKeys(expanded, driver);
  const fields = hasUrl(driver) ? await withoutForeign(expanded, keysOf(driver), warn) : expanded;
  fields.only(keysOf(driver), `Keys of driver ${driver}`);
  return DRIVERS[driver].read(readCommon(name, fields), fields, folders, warn);
}

type DriverName = Exclude<Profile['driver'], 'custom'>;

interface Driver {
  /** In addition to the keys of every profile. */
  readonly keys: readonly string[];
  read(common: Common, fields: Fields, folders: Folders, warn: Warn): Profile | Promise<Profile>;
}

const DRIVERS: Readonly<Record<DriverName, Driver>> = {
  sqlite: { keys: SQLITE_KEYS, read: readSqlite },
  redis: { keys: REDIS_KEYS, read: readRedis },
  memcached: { keys: MEMCACHED_KEYS, read: readMemcached },
  mongodb: { keys: MONGODB_KEYS, read: readMongodb },
  file: { keys: FILE_KEYS, read: readFile },
  mysql: { keys: SQL_KEYS, read: sqlReader('mysql') },
  postgres: { keys: SQL_KEYS, read: sqlReader('postgres') },
};

const DRIVER_NAMES = Object.keys(DRIVERS) as readonly DriverName[];

/** What Laravel and the products call these drivers. */
const ALIASES: Readonly<Record<string, DriverName>> = {
  mariadb: 'mysql',
  pgsql: 'postgres',
  postgresql: 'postgres',
};

/** The fields with cachectl's name of the driver. `database` is Laravel's; the connection, URL or path says of what. */
function withOurName(fields: Fields): Fields {
  const setting = fields.entries.get('driver');
  if (setting?.kind !== 'scalar' || typeof setting.value !== 'string') return fields;
  const entries = new Map(fields.entries);
  const name = setting.value === 'database' ? databaseOf(fields) : setting.value;
  if (name !== setting.value) entries.delete('connection');
  const value = Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
  return new Fields(entries.set('driver', { ...setting, value }), fields.where, fields.subject);
}

function databaseOf(fields: Fields): string {
  if (fields.has('connection')) return fields.oneOf('connection', ['mariadb', 'mysql', 'pgsql', 'sqlite'])!;
  if (fields.has('path')) return 'sqlite';
  const scheme = fields.text('url')?.split(':', 1)[0]?.toLowerCase() ?? '';
  return Object.hasOwn(ALIASES, scheme) || scheme === 'mysql' || scheme === 'postgres' ? scheme : 'database';
}

function isOurs(driver: string): driver is DriverName {
  return Object.hasOwn(DRIVERS, driver);
}

/** The settings of a profile with `url` replaced by the keys that it stands for. */
export function withUrlExpanded(written: Fields): Fields {
  const stated = withOurName(written);
  const driver = stated.text('driver');
  return driver !== undefined && isOurs(driver) && hasUrl(driver) ? expandUrl(stated, driver) : stated;
}

export function isKeyOf(driver: Profile['driver'], key: string): boolean {
  return driver !== 'custom' && keysOf(driver).includes(key);
}

function hasUrl(driver: DriverName): driver is Exclude<DriverName, 'file' | 'sqlite'> {
  return DRIVERS[driver].keys.includes('url');
}

function keysOf(driver: DriverName): readonly string[] {
  return [...COMMON_KEYS, ...DRIVERS[driver].keys];
}

/** A key of another driver is not a typo. */
function refuseOthersKeys(fields: Fields, driver: DriverName): void {
  const keys = keysOf(driver);
  for (const key of fields.entries.keys()) {
    if (keys.includes(key)) continue;
    const others = DRIVER_NAMES.filter((name) => DRIVERS[name].keys.includes(key));
    if (others.length === 0) continue;
    fields.fail(
      key,
      `is a key of driver ${new Intl.ListFormat('en-GB').format(others)}, not of ${driver}`,
      `Remove it. Keys of driver ${driver}: ${keys.join(', ')}.`,
    );
  }
}
