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

  const locks = settings.text(at(store, 'lock_connection'), `${path}.lock_connection`) ?? main;
  if (locks !== main)
    settings.notes.push(`locks are on another connection (${locks}): write a profile for it to reach them`);
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

  const url = settings.text(at(config, 'url'), `database.connections.${main}.url`);
  if (url !== undefined) {
    settings.put('url', url, at(config, 'url'));
    return;
  }

  for (const key of ['host', 'port', 'database', 'username', 'password'] as const) {
    settings.set(key, at(config, key), `database.connections.${main}.${key}`);
  }

  settings.set('socket', at(config, 'unix_socket'), `database.connections.${main}.unix_socket`);
}
