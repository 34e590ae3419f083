import type { Sql } from './statement.js';

/** What differs between the servers in SQL. Everything else is the same statement on all of them. */
export interface Dialect {
  readonly driver: 'mysql' | 'postgres';
  /** `MySQL`, for people. */
  readonly product: string;
  /** Whether values with a NUL byte are stored as base64, as Laravel does there. */
  readonly wrapsNul: boolean;
  /** A name of a table, quoted; a dot separates schema and table. */
  identifier(name: string): Sql;
  /** The column `key`, which is a reserved word in MySQL. */
  readonly key: Sql;
  /** The server's Unix time in seconds, at the start of the statement. */
  readonly now: Sql;
  /** In milliseconds. */
  readonly nowMs: Sql;
  /** The condition that a column of text is exactly one of `texts`, whatever its collation calls equal. Uses its index. */
  isOneOf(column: Sql, texts: readonly Buffer[]): Sql;
  /** The condition that a column of text begins exactly with `prefix`. Uses its index where the collation allows. */
  beginsWith(column: Sql, prefix: Buffer): Sql;
  /** The condition that an expression is a SHA-1 in lower-case hexadecimal. */
  isSha1(expression: Sql): Sql;
  /** Insert rows of the cache table, or replace value and expiration. Fails on a key that only the collation calls equal. */
  upsert(table: Sql, rows: Sql): Sql;
  /** Insert a row, or replace one that has expired. Counts 0 if there is a live one. */
  insertUnlessLive(table: Sql, columns: InsertedColumns, row: Sql): Sql;
  /** Insert rows of tag and key that are not there yet. Locks those that are. */
  insertTags(table: Sql, rows: Sql): Sql;
  /** Delete the row of a lock, if `where` holds, and tell those who listen. Counts the deleted rows. */
  release(table: Sql, where: Sql, key: string): Sql;
  /** A row if the table or view exists. */
  exists(name: string): Sql;
  /** A row of `version`, `isolation` and `charset`. */
  readonly serverFacts: Sql;
  /** A row of `estimate` and `bytes`: rows of a table as the server guesses them, and what it takes with its indexes. */
  sizeOf(name: string): Sql;
  /** A row of `name`, `type` and `collation` for each column of a table. */
  columnsOf(name: string): Sql;
  /** A row if an index begins with the column `expiration`. */
  expirationIndexOf(name: string): Sql;
  createExpirationIndex(name: string): Sql;
  /** Statements that create a table of Laravel's, or cachectl's own. */
  definition(role: DefinedTable, name: string, cache: string): readonly Sql[];
}

export type DefinedTable = 'cache' | 'locks' | 'tags' | 'waiters';

/** The column beside key and expiration. */
export type InsertedColumns = 'owner' | 'value';
