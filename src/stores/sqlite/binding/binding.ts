/**
 * A prepared statement. Parameters are positional, or named with `@` in one object; extra names are ignored. A BLOB
 * is a Buffer, an integer a number (rounded beyond 53 bits).
 */
export interface Statement<Row> {
  /** The first row. */
  get(...parameters: readonly unknown[]): Row | undefined;
  all(...parameters: readonly unknown[]): Row[];
  /** Rows one by one, as SQLite finds them. */
  iterate(...parameters: readonly unknown[]): Iterable<Row>;
  /** Return each row as an array of its columns from now on, which takes half the time. `Row` is a tuple then. */
  raw(): this;
  /** For a statement without rows. `changes` is the number of inserted, updated or deleted rows. */
  run(...parameters: readonly unknown[]): { readonly changes: number };
}

/** An open file. Its errors have a code for `sqliteCode`. */
export interface Database {
  /** Whether a transaction is open. Some errors end it. */
  readonly inTransaction: boolean;
  prepare<Row = unknown>(sql: string): Statement<Row>;
  /** Run several statements. */
  exec(sql: string): void;
  close(): void;
}

export interface OpenOptions {
  /** How long a statement waits for a locked file, in milliseconds. */
  readonly timeoutMs: number;
}

/** A binding to SQLite: Node's own module, or the library. */
export interface Binding {
  readonly name: BindingName;
  /** With its version. */
  readonly description: string;
  /** Whether it truncates TEXT at a NUL byte. It never truncates a BLOB. */
  cutsText(): boolean;
  /** Open an existing file. */
  open(path: string, options: OpenOptions): Database;
  /**
   * Open `bytes`, a copy of the file at `path`, for reading. A binding that cannot do so opens the file itself, which
   * must not change. Either way SQLite creates no other file.
   */
  openCopy(bytes: Buffer, path: string): Database;
}

export type BindingName = 'better-sqlite3' | 'node:sqlite';

/** Read a pragma. */
export function pragma(database: Database, name: string): unknown {
  const row = database.prepare<Record<string, unknown>>(`PRAGMA ${name}`).get();
  return row && Object.values(row)[0];
}

/** Run `work` in a transaction. An error rolls it back. */
export function transaction<T>(database: Database, mode: 'DEFERRED' | 'IMMEDIATE', work: () => T): T {
  database.exec(`BEGIN ${mode}`);
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // Some errors, such as a full disk, have already ended it.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
