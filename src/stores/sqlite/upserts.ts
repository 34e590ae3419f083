import type { Connection, Statement } from './connection.js';
import type { Tables } from './tables.js';

import { bound } from './listing/row-keys.js';

/** Rows per statement: starting and ending one costs more than a row. */
const ROWS = 64;

/** The parameters of a row: stored key, bytes and expiration. */
const COLUMNS = 3;

/** Beyond that many bytes of values, the cost of a statement is small; it copies them. */
const BYTES = 256 * 1024;

/** Upserts rows into the cache table; of a repeated key the last row counts. Used within one transaction. */
export class Upserts {
  readonly #connection: Connection;
  readonly #table: string;
  #many: Statement<unknown> | undefined;
  /** The parameters of queued rows. */
  readonly #waiting: Array<Buffer | number | string> = [];
  #bytes = 0;

  constructor(connection: Connection, { cache }: Tables) {
    this.#connection = connection;
    this.#table = cache;
  }

  add(storedKey: string, stored: Buffer, expiration: number): void {
    this.#waiting.push(bound(storedKey), stored, expiration);
    this.#bytes += stored.length;
    if (this.#waiting.length === ROWS * COLUMNS) {
      this.#many ??= this.#connection.statement(upsert(this.#table, ROWS));
      this.#many.run(...this.#waiting);
      this.#clear();
    } else if (this.#bytes > BYTES) {
      this.end();
    }
  }

  /** Write the queued rows. */
  end(): void {
    const single = this.#connection.statement(upsert(this.#table, 1));
    for (let start = 0; start < this.#waiting.length; start += COLUMNS) {
      single.run(...this.#waiting.slice(start, start + COLUMNS));
    }

    this.#clear();
  }

  #clear(): void {
    this.#waiting.length = 0;
    this.#bytes = 0;
  }
}

function upsert(table: string, rows: number): string {
  // The casts keep bytes that are not UTF-8, with the type that PHP gives them.
  const values = Array.from({ length: rows }, () => '(CAST(? AS TEXT), CAST(? AS TEXT), ?)').join(', ');
  return `INSERT INTO ${table} (key, value, expiration) VALUES ${values}
          ON CONFLICT (key) DO UPDATE SET value = excluded.value, expiration = excluded.expiration`;
}
