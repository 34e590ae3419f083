import { pathToFileURL } from 'node:url';

import type { Binding, Database, OpenOptions, Statement } from './binding.js';

/** The used part of node:sqlite. Declared here, because the types are those of the oldest supported Node. */
export interface NodeSqlite {
  readonly DatabaseSync: new (
    file: URL | string,
    options?: { readonly readOnly?: boolean; readonly timeout?: number },
  ) => DatabaseSync;
}

interface DatabaseSync {
  readonly isTransaction: boolean;
  prepare(sql: string): StatementSync;
  exec(sql: string): void;
  close(): void;
  /** In later releases of Node 24. */
  deserialize?(bytes: Uint8Array): void;
}

/** An object, or an array after `setReturnArrays`. */
type Row = Record<number | string, unknown>;

interface StatementSync {
  all(...parameters: readonly unknown[]): Row[];
  get(...parameters: readonly unknown[]): Row | undefined;
  iterate(...parameters: readonly unknown[]): Iterable<Row>;
  run(...parameters: readonly unknown[]): { readonly changes: bigint | number };
  setAllowUnknownNamedParameters(isAllowed: boolean): void;
  setReadBigInts(isEnabled: boolean): void;
  setReturnArrays(isEnabled: boolean): void;
}

/** Node's built-in SQLite. */
export function nodeBinding({ DatabaseSync }: NodeSqlite): Binding {
  return {
    name: 'node:sqlite',
    description: `node:sqlite, which is part of Node ${process.versions.node}`,
    cutsText() {
      // Node 22 and the first releases of 24 do so.
      const database = new DatabaseSync(':memory:');
      const row = database.prepare('SELECT char(97, 0, 98) AS text').get();
      database.close();
      return row?.text === 'a';
    },
    // Without a mode, SQLite creates the file.
    open: (path, { timeoutMs }: OpenOptions) =>
      new NodeDatabase(new DatabaseSync(uriOf(path, 'mode=rw'), { timeout: Math.trunc(timeoutMs) })),
    openCopy(bytes, path) {
      const database = new DatabaseSync(':memory:');
      if (database.deserialize === undefined) {
        database.close();
        return new NodeDatabase(new DatabaseSync(uriOf(path, 'mode=ro&immutable=1'), { readOnly: true }));
      }

      database.deserialize(bytes);
      database.exec('PRAGMA query_only = ON');
      return new NodeDatabase(database);
    },
  };
}

/** A file name with options for SQLite (sqlite.org/uri.html). */
function uriOf(path: string, options: string): URL {
  const url = pathToFileURL(path);
  url.search = options;
  return url;
}

class NodeDatabase implements Database {
  readonly #database: DatabaseSync;
  #isClosed = false;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  prepare<R>(sql: string): Statement<R> {
    return new NodeStatement<R>(this.#database.prepare(sql));
  }

  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Can be called twice, as in better-sqlite3. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#database.close();
  }
}

class NodeStatement<R> implements Statement<R> {
  readonly #statement: StatementSync;

  constructor(statement: StatementSync) {
    // As a number, an integer beyond 53 bits would be an error.
    statement.setReadBigInts(true);
    statement.setAllowUnknownNamedParameters(true);
    this.#statement = statement;
  }

  get(...parameters: readonly unknown[]): R | undefined {
    const row = this.#statement.get(...parameters);
    return row && rowOf<R>(row);
  }

  all(...parameters: readonly unknown[]): R[] {
    const rows = this.#statement.all(...parameters);
    for (const row of rows) rowOf(row);
    return rows as R[];
  }

  *iterate(...parameters: readonly unknown[]): Iterable<R> {
    for (const row of this.#statement.iterate(...parameters)) yield rowOf<R>(row);
  }

  raw(): this {
    this.#statement.setReturnArrays(true);
    return this;
  }

  run(...parameters: readonly unknown[]): { readonly changes: number } {
    return { changes: Number(this.#statement.run(...parameters).changes) };
  }
}

/** The row with Buffers and numbers. */
function rowOf<R>(row: Row): R {
  if (Array.isArray(row)) for (let column = 0; column < row.length; column++) row[column] = columnOf(row[column]);
  else for (const column of Object.keys(row)) row[column] = columnOf(row[column]);
  return row as R;
}

function columnOf(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value;
}
