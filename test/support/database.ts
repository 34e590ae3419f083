import { closeSync, openSync } from 'node:fs';

import type { Database as Opened, Statement } from '../../src/stores/sqlite/binding/binding.js';

import { pragma, transaction } from '../../src/stores/sqlite/binding/binding.js';
import { sqliteBinding } from '../../src/stores/sqlite/binding/choose.js';

/** An SQLite file opened by another program: the application, or the sqlite3 shell. */
export class Database {
  readonly #opened: Opened;

  /** Creates the file if it is missing. */
  constructor(path: string) {
    closeSync(openSync(path, 'a'));
    this.#opened = sqliteBinding().open(path, { timeoutMs: 5000 });
    // Tests need no protection from power cuts.
    this.#opened.exec('PRAGMA synchronous = OFF');
  }

  prepare<Row = unknown>(sql: string): TestStatement<Row> {
    return new TestStatement(this.#opened.prepare<Row>(sql));
  }

  exec(sql: string): this {
    this.#opened.exec(sql);
    return this;
  }

  pragma(name: string): unknown {
    return pragma(this.#opened, name);
  }

  /** Return a function that runs `work` in a transaction. */
  transaction<P extends readonly unknown[], T>(work: (...parameters: P) => T): (...parameters: P) => T {
    return (...parameters) => transaction(this.#opened, 'DEFERRED', () => work(...parameters));
  }

  close(): void {
    this.#opened.close();
  }
}

class TestStatement<Row> {
  readonly #statement: Statement<Row>;

  constructor(statement: Statement<Row>) {
    this.#statement = statement;
  }

  get(...parameters: readonly unknown[]): Row | undefined {
    return plain(this.#statement.get(...parameters));
  }

  all(...parameters: readonly unknown[]): Row[] {
    return this.#statement.all(...parameters).map((row) => plain(row));
  }

  run(...parameters: readonly unknown[]): { readonly changes: number } {
    return this.#statement.run(...parameters);
  }

  /** Return the first column instead of the row. */
  pluck(): { all(...parameters: readonly unknown[]): unknown[]; get(...parameters: readonly unknown[]): unknown } {
    return {
      all: (...parameters) => this.all(...parameters).map((row) => firstColumn(row)),
      get: (...parameters) => {
        const row = this.get(...parameters);
        return row === undefined ? undefined : firstColumn(row);
      },
    };
  }
}

/** chai distinguishes objects without a prototype, which node:sqlite returns. */
function plain<Row>(row: Row): Row {
  return typeof row === 'object' && row !== null ? { ...row } : row;
}

function firstColumn(row: unknown): unknown {
  return Object.values(row as object)[0];
}
