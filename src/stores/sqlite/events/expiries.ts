import type { Connection } from '../connection.js';
import type { Tables } from '../tables.js';

import { now } from '../../sql/expiry.js';
import { isNoted, type TailedRole } from './tail-triggers.js';

export interface ExpiredRow {
  readonly key: Buffer;
  readonly expiration: number;
  /** The rowid. */
  readonly row: number;
}

/** What was found, and the place up to which all is known once it is told. */
export interface Expired {
  readonly rows: readonly ExpiredRow[];
  readonly upTo: Place;
}

/** A place in the order (expiration, rowid), which is that of Laravel's index. */
interface Place {
  readonly expiration: number;
  readonly row: number;
}

const LAST_ROW = Number.MAX_SAFE_INTEGER;

/** Without an index a search reads the whole table; then at most this part of the time goes into searching. */
const SHARE = 1 / 20;

/**
 * Rows of one table whose time ran out while nobody touched them, each once, in order of expiry. The place reached also says of a
 * row that is changed later whether its expiry has been told.
 */
export class Expiries {
  readonly #connection: Connection;
  readonly #tables: Tables;
  readonly #role: TailedRole;
  readonly #isOurs: string;
  #place: Place = { expiration: now(), row: LAST_ROW };
  /** On the clock of `performance`. */
  #nextSearch = 0;

  constructor(connection: Connection, tables: Tables, role: TailedRole, prefix: string) {
    this.#connection = connection;
    this.#tables = tables;
    this.#role = role;
    // The plus keeps SQLite from taking the primary key's index and sorting what lies under the prefix.
    this.#isOurs = isNoted(prefix, '+key');
  }

  /** Whether time has gone on since the last search, so that one may find something. */
  areDue(): boolean {
    const isBehind = now() > this.#place.expiration || this.#place.row !== LAST_ROW;
    return isBehind && performance.now() >= this.#nextSearch;
  }

  /** Up to `limit` rows after the place reached. Only within `read` or `write`. */
  search(limit: number): Expired {
    if (!this.areDue()) return { rows: [], upTo: this.#place };
    const at = now();
    const started = performance.now();
    const rows = this.#connection
      .statement<ExpiredRow>(
        `SELECT CAST(key AS BLOB) AS key, expiration, rowid AS row FROM ${this.#tables[this.#role]}
         WHERE (expiration, rowid) > (@expiration, @row) AND expiration <= @at AND ${this.#isOurs}
         ORDER BY expiration, rowid LIMIT @limit`,
      )
      .all({ ...this.#place, at, limit });
    const ended = performance.now();
    if (!this.#tables.findsExpiredFast(this.#role)) this.#nextSearch = ended + (ended - started) / SHARE;
    const last = rows.at(-1);
    const isAll = rows.length < limit || last === undefined;
    return { rows, upTo: isAll ? { expiration: at, row: LAST_ROW } : { expiration: last.expiration, row: last.row } };
  }

  /** To be called once what was found cannot be lost any more. */
  reached(place: Place): void {
    this.#place = place;
  }

  /** Whether a row with this expiration lies before the place reached. */
  told(expiration: number, row: number): boolean {
    const place = this.#place;
    return expiration < place.expiration || (expiration === place.expiration && row <= place.row);
  }
}
