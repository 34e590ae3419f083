/**
 * A prepared statement. Parameters go by position, or in one object by the names that the statement has with an `@`; names
 * that it does not have are ignored. A BLOB is a Buffer, an integer a number, rounded where it has more than 53 bits.
 */
export interface Statement<Row> {
  /** The first row. */
  get(...parameters: readonly unknown[]): Row | undefined;
  all(...parameters: readonly unknown[]): Row[];
  /** One row after the other, as SQLite finds them. */
  iterate(...parameters: readonly unknown[]): Iterable<Row>;
  /** For a statement that gives no rows. `changes` is how many it inserted, updated or deleted. */
  run(...parameters: readonly unknown[]): { readonly changes: number };
}

/** An open file. Methods throw what `sqliteCode` has a code for. */
export interface Database {
  /** Whether a transaction is open: some errors end it. */
  readonly inTransaction: boolean;
  prepare<Row = unknown>(sql: string): Statement<Row>;
  /** Runs several statements. */
  exec(sql: string): void;
  close(): void;
}

export interface OpenOptions {
  /** How long a statement waits for a file that another process has locked, in milliseconds. */
  readonly timeoutMs: number;
}

/** One way to SQLite: the module that Node has, or the library. */
export interface Binding {
  readonly name: BindingName;
  /** With its version. */
  readonly description: string;
  /** Whether TEXT that holds a NUL byte is cut off there. A BLOB never is. */
  cutsText(): boolean;
  /** Opens a file that is there. */
  open(path: string, options: OpenOptions): Database;
  /**
   * Opens `bytes`, a copy of the file at `path`, to read it only. A binding that cannot reads the file itself, which must
   * not change meanwhile. Either way SQLite makes no file beside it.
   */
  openCopy(bytes: Buffer, path: string): Database;
}

export type BindingName = 'better-sqlite3' | 'node:sqlite';

/** The value of a pragma that has one. */
export function pragma(database: Database, name: string): unknown {
  const row = database.prepare<Record<string, unknown>>(`PRAGMA ${name}`).get();
  return row && Object.values(row)[0];
}

/** Runs `work` in a transaction. An error undoes it. */
export function transaction<T>(database: Database, mode: 'DEFERRED' | 'IMMEDIATE', work: () => T): T {
  database.exec(`BEGIN ${mode}`);
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk, for one, has ended it already.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
