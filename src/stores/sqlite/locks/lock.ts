import type { Waiter, Waiting } from '../../contract/locks.js';
import type { Lock, LockHolder, Ttl } from '../../contract/store.js';
import type { OpenWaits } from '../../locks/waiters.js';
import type { SqliteContext } from '../context.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { expirationOf, now, secondsOf, ttlOf } from '../../sql/expiry.js';
import { bound, type ColumnText } from '../listing/row-keys.js';
import { liveWaiters } from './waiters.js';
import { SqliteWaiting, waiterRecords } from './waiting.js';

/** The column of each table that holds the owner. */
export const OWNER_COLUMNS = { cache: 'value', locks: 'owner' } as const;

/** The maximum number of expired locks to remove in one attempt. */
const TIDIED_AT_ONCE = 100;

/** A row of Laravel's cache_locks, with the owner as bare text. Each operation is one atomic statement. */
export class SqliteLock implements Lock {
  readonly #context: SqliteContext;
  readonly #key: string;
  readonly #waits: OpenWaits;
  readonly #role: 'cache' | 'locks';
  readonly #column: string;
  #wasHeld = false;

  /**
   * @param waits the open waits of the store
   * @param role `cache` for a lock among the entries, which is never acquired there
   */
  constructor(context: SqliteContext, name: string, waits: OpenWaits, role: 'cache' | 'locks' = 'locks') {
    this.#context = context;
    this.#key = context.prefix + name;
    this.#waits = waits;
    this.#role = role;
    this.#column = OWNER_COLUMNS[role];
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    // A retry reads first: writers of a file block each other, readers do not.
    const isHeld = this.#wasHeld && (await this.holder()) !== undefined;
    const isAcquired = !isHeld && this.#insert(owner, ttl);
    this.#wasHeld = !isAcquired;
    this.#waits.tried(this.#key, owner);
    return isAcquired;
  }

  async release(owner: string): Promise<boolean> {
    return this.#delete(`key = CAST(? AS TEXT) AND ${this.#column} = CAST(? AS TEXT)`, bound(this.#key), bound(owner));
  }

  async forceRelease(): Promise<boolean> {
    return this.#delete('key = CAST(? AS TEXT)', bound(this.#key));
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    const { connection, tables } = this.#context;
    if (!this.#hasTable()) return false;
    return connection.write(() => {
      const at = now();
      const { changes } = connection
        .statement(
          `UPDATE ${tables[this.#role]} SET expiration = ?
           WHERE key = CAST(? AS TEXT) AND ${this.#column} = CAST(? AS TEXT) AND expiration > ?`,
        )
        .run(expirationOf(ttl, at), bound(this.#key), bound(owner), at);
      return changes === 1;
    });
  }

  async holder(): Promise<LockHolder | undefined> {
    const { connection, tables } = this.#context;
    if (!this.#hasTable()) return undefined;
    return connection.run(() => {
      const at = Date.now();
      const row = connection
        .statement<HeldRow>(
          `SELECT CAST(${this.#column} AS BLOB) AS owner, expiration FROM ${tables[this.#role]}
           WHERE key = CAST(? AS TEXT) AND expiration > ?`,
        )
        .get(bound(this.#key), secondsOf(at));
      return row && holderOf(row, at);
    });
  }

  async waiters(): Promise<readonly Waiter[]> {
    const { connection, profile } = this.#context;
    if (!connection.run(() => connection.exists())) return [];
    return connection.read(() => liveWaiters(connection, { table: profile.lockTable, lock: this.#key }));
  }

  async startWaiting(owner: string): Promise<Waiting> {
    const listener = new SqliteWaiting(this.#context, this.#key);
    const records = waiterRecords(listener.connection);
    return this.#waits.start({ listener, records, table: this.#context.profile.lockTable, lock: this.#key, owner });
  }

  #insert(owner: string, ttl: Ttl): boolean {
    const { connection, tables } = this.#context;
    return connection.write(() => {
      const at = now();
      tables.create('locks');
      const { changes } = connection
        .statement(
          `INSERT INTO ${tables.locks} AS locks (key, owner, expiration) 
           VALUES (CAST(@key AS TEXT), CAST(@owner AS TEXT), @expiration)
           ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expiration = excluded.expiration
           WHERE locks.expiration <= @at`,
        )
        .run({ key: bound(this.#key), owner: bound(owner), expiration: expirationOf(ttl, at), at });
      if (tables.findsExpiredFast('locks')) {
        connection
          .statement(
            `DELETE FROM ${tables.locks} WHERE key IN
             (SELECT key FROM ${tables.locks} WHERE expiration <= ? LIMIT ${TIDIED_AT_ONCE})`,
          )
          .run(at);
      }

      return changes === 1;
    });
  }

  /** True if the lock was still held. */
  #delete(where: string, ...parameters: readonly ColumnText[]): boolean {
    const { connection, tables } = this.#context;
    if (!this.#hasTable()) return false;
    return connection.write(() => {
      const row = connection
        .statement<{ expiration: number }>(`DELETE FROM ${tables[this.#role]} WHERE ${where} RETURNING expiration`)
        .get(...parameters);
      return row !== undefined && row.expiration > now();
    });
  }

  #hasTable(): boolean {
    return this.#context.connection.run(() => this.#context.tables.has(this.#role));
  }
}

/** The holder in a lock's row. */
export interface HeldRow {
  readonly owner: Buffer;
  /** Unix time, in seconds. */
  readonly expiration: number;
}

/** @param at Unix time in milliseconds, at which the lock was held */
export function holderOf({ owner: bytes, expiration }: HeldRow, at: number): LockHolder {
  const owner = keyFromBytes(bytes);
  const ttl = ttlOf(expiration, secondsOf(at));
  return ttl === null ? { owner, ttl } : { owner, ttl, leftMs: expiration * 1000 - at };
}
