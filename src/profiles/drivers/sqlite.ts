import type { Fields, Folders } from '../fields.js';
import type { SqliteProfile } from '../profile.js';
import type { Common } from './common.js';

import { ConfigError } from '../../errors.js';

export const SQLITE_KEYS = ['path', 'table', 'lockTable'];

/** An SQLite file and its tables. */
export function readSqlite(common: Common, fields: Fields, folders: Folders): SqliteProfile {
  const path = fields.path('path', folders);
  if (path === undefined) {
    throw new ConfigError(
      `${fields.where}: ${fields.subject} has no path`,
      'Add the path of the file: path: cache.sqlite',
    );
  }

  const table = tableName(fields, 'table') ?? 'cache';
  const lockTable = tableName(fields, 'lockTable') ?? 'cache_locks';
  // SQLite's names are case-insensitive.
  if (table.toLowerCase() === lockTable.toLowerCase()) {
    fields.fail(
      fields.has('lockTable') ? 'lockTable' : 'table',
      'is also the other table',
      'Use separate tables for entries and locks.',
    );
  }

  return { driver: 'sqlite', ...common, path, table, lockTable };
}

function tableName(fields: Fields, key: string): string | undefined {
  const text = fields.filled(key);
  if (text !== undefined && !/^[\p{L}_][\p{L}\p{N}_$-]*$/u.test(text)) {
    fields.fail(key, 'is not the name of a table', 'Use letters, digits and underscores.');
  }

  return text;
}
