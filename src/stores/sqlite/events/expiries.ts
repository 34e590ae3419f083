import type { TailedRole } from '../../sql/events/row-events.js';
import type { Connection } from '../connection.js';
import type { Tables } from '../tables.js';

import { now } from '../../sql/expiry.js';
import { isTailed } from './tail-triggers.js';

export interface ExpiredRow {
  readonly key: Buffer;
  readonly expiration: number;
  /** The rowid. */
  readonly row: number;
}

/** Expired rows, and the position after which the next search continues. */
export interface Expired {
  readonly rows: readonly ExpiredRow[];
  readonly upTo: Position;
}

/** A position in the order (expiration, rowid), which is the order of Laravel's index. */
interface Position {
  readonly expiration: number;
  readonly row: number;
}

const LAST_ROW = Number.MAX_SAFE_INTEGER;

/** Without an index, a search reads the whole table. Searching then takes at most this share of the time. */
const SHARE = 1 / 20;

/**
 * Finds the rows of one table that have expired without a change, each once, in the order of expiry. For a row that
 * changes later, the position also shows whether its expiry has been reported.
 */
export class Expiries {
  readonly #connection: Connection;
  readonly #tables: Tables;
  readonly #role: TailedRole;
  readonly #isOurs: string;
  #position: Position = { expiration: now(), row: LAST_ROW };
  /** On the clock of `performance`. */
  #nextSearch = 0;

  constructor(connection: Connection, tables: Tables, role: TailedRole, prefix: string) {
    this.#connection = connection;
    this.#tables = tables;
    this.#role = role;
    // The plus keeps SQLite from using the primary key's index and sorting all keys under the prefix.
    this.#isOurs = isTailed(prefix, '+key');
  }

  /** Whether a search may find something: a second has passed since the last one, or it hit its limit. */
  areDue(): boolean {
    const isBehind = now() > this.#position.expiration || this.#position.row !== LAST_ROW;
    return isBehind && performance.now() >= this.#nextSearch;
  }

  /** Up to `limit` rows after the current position. Only within `read` or `write`. */
  search(limit: number): Expired {
    if (!this.areDue()) return { rows: [], upTo: this.#position };
    const at = now();
    const started = performance.now();
    const rows = this.#connection
      .statement<ExpiredRow>(
        `SELECT CAST(key AS BLOB) AS key, expiration, rowid AS row FROM ${this.#tables[this.#role]}
         WHERE (expiration, rowid) > (@expiration, @row) AND expiration <= @at AND ${this.#isOurs}
         ORDER BY expiration, rowid LIMIT @limit`,
      )
      .all({ ...this.#position, at, limit });
    const ended = performance.now();
    if (!this.#tables.findsExpiredFast(this.#role)) this.#nextSearch = ended + (ended - started) / SHARE;
    const last = rows.at(-1);
    const isAll = rows.length < limit || last === undefined;
    return { rows, upTo: isAll ? { expiration: at, row: LAST_ROW } : { expiration: last.expiration, row: last.row } };
  }

  /** Call it once the transaction of the search has succeeded. */
  advance(position: Position): void {
    this.#position = position;
  }

  /** Whether the expiry of this row has been reported. */
  isReported(expiration: number, row: number): boolean {
    const position = this.#position;
    return expiration < position.expiration || (expiration === position.expiration && row <= position.row);
  }
}
