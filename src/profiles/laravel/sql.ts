import type { Setting } from '../settings.js';
import type { Settings } from './settings.js';

import { ConfigError } from '../../errors.js';
import { at, type Traced } from './value.js';

/** A `database` store: its connection, tables, and the tables' prefix. */
export function sqlSettings(settings: Settings, store: Traced, name: string): void {
  const { database } = settings.application;
  const path = `cache.stores.${name}`;
  const preset = settings.text(at(database, 'default'), 'database.default') ?? '';
  const main = settings.text(at(store, 'connection'), `${path}.connection`) ?? preset;
  const config = at(database, 'connections', main);
  const driver = settings.text(at(config, 'driver'), `database.connections.${main}.driver`);
  if (driver === undefined) {
    throw new ConfigError(
      `the application has no database connection ${JSON.stringify(main)} (${at(store, 'connection').from.place})`,
      `Connections: ${settings.namesAt(database, 'connections').join(', ')}.`,
    );
  }

  settings.put('driver', driver, at(config, 'driver'));
  const prefix = settings.text(at(config, 'prefix'), `database.connections.${main}.prefix`) ?? '';
  const table = settings.text(at(store, 'table'), `${path}.table`) ?? 'cache';
  const lockTable = settings.text(at(store, 'lock_table'), `${path}.lock_table`) ?? 'cache_locks';
  if (prefix + table !== 'cache') settings.put('table', prefix + table, at(store, 'table'));
  if (prefix + lockTable !== 'cache_locks') settings.put('lockTable', prefix + lockTable, at(store, 'lock_table'));
  if (driver === 'sqlite') {
    settings.set('path', at(config, 'database'), `database.connections.${main}.database`);
    return;
  }

  for (const [key, setting] of connectionOf(settings, main)) settings.entries.set(key, setting);
  const locks = settings.text(at(store, 'lock_connection'), `${path}.lock_connection`) ?? main;
  if (locks === main) return;
  const lockDriver = settings.text(
    at(database, 'connections', locks, 'driver'),
    `database.connections.${locks}.driver`,
  );
  if (lockDriver === driver) settings.putMap('locks', connectionOf(settings, locks), at(store, 'lock_connection'));
  else settings.notes.push(`locks are on another kind of database (${locks}): write a profile for it to reach them`);
}

/** The keys of a connection to a server. */
function connectionOf(settings: Settings, name: string): ReadonlyMap<string, Setting> {
  const config = at(settings.application.database, 'connections', name);
  const path = `database.connections.${name}`;
  const keys = new Map<string, Setting>();
  const set = (key: string, traced: Traced, from: string): void => {
    const text = settings.text(traced, `${path}.${from}`);
    if (text !== undefined) keys.set(key, settings.scalar(text, traced));
  };

  set('url', at(config, 'url'), 'url');
  if (!keys.has('url')) {
    set('socket', at(config, 'unix_socket'), 'unix_socket');
    for (const key of ['host', 'port', 'database', 'username', 'password']) set(key, at(config, key), key);
    // A socket takes precedence over a host, as in Laravel.
    if (keys.has('socket')) for (const key of ['host', 'port']) keys.delete(key);
  }

  const searchPath = at(config, 'search_path');
  if (searchPath.value !== 'public') set('searchPath', searchPath, 'search_path');
  const mode = settings.text(at(config, 'sslmode'), `${path}.sslmode`) ?? '';
  if (/^(?:require|verify)/.test(mode)) {
    const isVerified = settings.scalar(mode.startsWith('verify'), at(config, 'sslmode'));
    keys.set('tls', {
      kind: 'map',
      entries: new Map([['verify', isVerified]]),
      where: at(config, 'sslmode').from.place,
    });
  }

  return keys;
}
