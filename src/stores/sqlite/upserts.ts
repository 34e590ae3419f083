import type { Connection, Statement } from './connection.js';
import type { Tables } from './tables.js';

import { bound } from './listing/row-keys.js';

/** Rows of one statement: to begin and to end one costs more than to put in a row. */
const ROWS = 64;

/** A key as it is stored, bytes and an expiration: the parameters of a row. */
const COLUMNS = 3;

/** Bytes of values from which on a statement costs little beside them; they are copied for it. */
const BYTES = 256 * 1024;

/**
 * Puts rows into the cache table, in the place of those with the same keys: of a key that comes twice the last counts.
 * For one transaction, within which it is ended.
 */
export class Upserts {
  readonly #connection: Connection;
  readonly #table: string;
  #many: Statement<unknown> | undefined;
  /** Parameters of rows that are to go in one statement. */
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

  /** Puts in what still waits. */
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
  // The casts keep bytes that are not UTF-8 as they are, with the type that PHP gives them.
  const values = Array.from({ length: rows }, () => '(CAST(? AS TEXT), CAST(? AS TEXT), ?)').join(', ');
  return `INSERT INTO ${table} (key, value, expiration) VALUES ${values}
          ON CONFLICT (key) DO UPDATE SET value = excluded.value, expiration = excluded.expiration`;
}
