import type { Finding } from '../contract/doctor.js';
import type { ServerStats } from '../contract/stats.js';
import type { Run } from './connection.js';
import type { CacheRow, TaggedKey } from './rows.js';
import type { Parameter, Sql } from './statement.js';
import type { TaggedRows } from './tags/tagged-rows.js';

/** The SQL that differs between servers. All other statements are shared. */
export interface Dialect {
  readonly driver: 'mysql' | 'postgres';
  /** `MySQL`, for people. */
  readonly product: string;
  /** Whether values with a NUL byte are stored as base64, as Laravel does there. */
  readonly wrapsNul: boolean;
  /** Quote a table name. A dot separates schema and table. */
  identifier(name: string): Sql;
  /** The column `key`, which is a reserved word in MySQL. */
  readonly key: Sql;
  /** The server's Unix time in seconds, at the start of the statement. */
  readonly now: Sql;
  /** The same in milliseconds. */
  readonly nowMs: Sql;
  /** The condition that a text column equals one of `texts` byte by byte, whatever its collation. Uses its index. */
  isOneOf(column: Sql, texts: readonly Buffer[]): Sql;

  /** Whether a row comes after another one in the order of two columns, each given with the other row's value. */
  follows(first: readonly [column: Sql, value: Parameter], second: readonly [column: Sql, value: Parameter]): Sql;
  /** The condition that a text column begins with `prefix`, byte by byte. Uses its index if the collation allows. */
  beginsWith(column: Sql, prefix: Buffer): Sql;
  /** The condition that an expression is a SHA-1 in lower-case hexadecimal. */
  isSha1(expression: Sql): Sql;
  /** 128 bits of a hash of a value, in hexadecimal. */
  digest(expression: Sql): Sql;
  /** Insert rows of the cache table, or update them. Fails on a key that is equal only by collation. */
  upsert(table: Sql, rows: readonly CacheRow[]): Sql;
  /** Insert a row, or replace one that has expired. Counts 0 if there is a live one. */
  insertUnlessLive(table: Sql, columns: InsertedColumns, row: Sql): Sql;
  /** Insert missing rows of tag and key. Locks existing ones. */
  insertTags(table: Sql, rows: readonly TaggedKey[]): Sql;
  /**
   * Remove the entries of locked rows of a tag, and the rows of all their tags. Returns how many entries were live.
   * @throws a retriable error if rows were added in the meantime
   */
  removeTagged(run: Run, rows: TaggedRows): Promise<number>;
  /** Delete the row of a lock if `where` holds, and notify listeners. Counts the deleted rows. */
  release(table: Sql, where: Sql, key: string): Sql;
  /** A row if the table or view exists. */
  exists(name: string): Sql;
  /** A row of `version`, `isolation` (of cachectl's sessions), `charset` and `account`. */
  readonly serverFacts: Sql;
  /** A row of `Value`: the isolation level of sessions that set none. */
  readonly defaultIsolation: Sql;
  /** A row of `estimate` and `bytes`: the server's estimate of a table's rows, and its size with indexes. */
  sizeOf(name: string): Sql;
  /** What the server reports of itself, and of a table that exists. */
  stats(run: Run, name: string): Promise<TableStats>;
  /**
   * A row of `name`, `type`, `collation` and `folds` for each column of a table. `folds` is 1 if texts are equal that
   * differ in case or accents.
   */
  columnsOf(name: string): Sql;
  /** A row of `name` (the first column) and `identifies` (1 if it is unique by that column) for each index of a table. */
  indexesOf(name: string): Sql;
  createExpirationIndex(name: string): Sql;
  /** Column types that hold shorter values than those of Laravel's migration. */
  readonly shortValues: RegExp;
  /** Whether the user may create the table, which does not exist. Creates nothing. */
  mayCreate(run: Run, name: string): Promise<boolean>;
  /** The statement that gives `account` rights on a table of `database`, for people. */
  grant(rights: string, table: string, database: string, account: string): string;
  /** How much of a table's space is wasted. */
  waste(run: Run, name: string): Promise<Finding>;
  /** The statements that create a table of Laravel or of cachectl. */
  definition(role: DefinedTable, name: string, cache: string): readonly Sql[];
}

export type TableStats = Pick<ServerStats, 'bytes' | 'clients' | 'commands' | 'details' | 'role' | 'uptime'> & {
  /** The server's estimate of the rows. */
  readonly estimate: number;
};

export type DefinedTable = 'cache' | 'locks' | 'tags' | 'waiters';

/** The column besides key and expiration. */
export type InsertedColumns = 'owner' | 'value';
