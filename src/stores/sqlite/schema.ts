import type { Statements } from './statements.js';

/** Quoted, ready for SQL. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** SQLite ignores case in names. */
export function hasTable(sql: Statements, name: string): boolean {
  return hasObject(sql, name, `'table'`);
}

export function hasTableOrView(sql: Statements, name: string): boolean {
  return hasObject(sql, name, `'table', 'view'`);
}

export function isView(sql: Statements, name: string): boolean {
  return hasObject(sql, name, `'view'`);
}

/** The stored value. NULL, which no application can read, is read as an empty text. */
export const VALUE = `coalesce(value, '')`;

/** Its size. octet_length of a bare column reads the row's header alone. */
export const SIZE = 'coalesce(octet_length(value), 0)';

function hasObject(sql: Statements, name: string, types: string): boolean {
  const query = `SELECT 1 FROM sqlite_master WHERE type IN (${types}) AND name = ? COLLATE NOCASE`;
  return sql.statement(query).get(name) !== undefined;
}
