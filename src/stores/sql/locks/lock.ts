import type { Waiter, Waiting } from '../../contract/locks.js';
import type { Lock, LockHolder, Ttl } from '../../contract/store.js';
import type { OpenWaits } from '../../locks/waiters.js';
import type { Connection } from '../connection.js';
import type { SqlContext } from '../context.js';

import { keyFromBytes, keyToBytes } from '../../entries/key-text.js';
import { secondsFor, secondsOf, ttlOf } from '../expiry.js';
import { raw, type Sql, sql } from '../statement.js';
import { text } from '../text.js';

/** The column of each table that holds the owner. */
export const OWNER_COLUMNS = { cache: raw('value'), locks: raw('owner') } as const;

/** Laravel's lottery: the share of attempts that also remove expired locks. */
const LOTTERY = 2 / 100;

/** The maximum number of expired locks to remove in one attempt. */
const TIDIED_AT_ONCE = 100;

/** The holder in a lock's row. */
export interface HeldRow {
  readonly owner: Buffer;
  readonly expiration: number;
  /** The server's Unix time, in milliseconds. */
  readonly at: number;
}

/** A row of Laravel's cache_locks. Each operation is one atomic statement and uses the server's clock. */
export class SqlLock implements Lock {
  readonly #context: SqlContext;
  readonly #key: string;
  readonly #waits: OpenWaits;
  readonly #role: 'cache' | 'locks';
  #wasHeld = false;

  /**
   * @param waits the open waits of the store
   * @param role `cache` for a lock among the entries, which is never acquired there
   */
  constructor(context: SqlContext, name: string, waits: OpenWaits, role: 'cache' | 'locks' = 'locks') {
    this.#context = context;
    this.#key = context.prefix + name;
    this.#waits = waits;
    this.#role = role;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    // A retry reads first, since reading does not lock the row.
    const isHeld = this.#wasHeld && (await this.holder()) !== undefined;
    const isAcquired = !isHeld && (await this.#insert(owner, ttl));
    this.#wasHeld = !isAcquired;
    this.#waits.tried(this.#key, owner);
    if (Math.random() < LOTTERY) {
      await this.#tidy().catch(() => {
        // The next attempt tidies. This one has its answer, and a lock that it acquired must not look refused.
      });
    }

    return isAcquired;
  }

  async release(owner: string): Promise<boolean> {
    return this.#delete(this.#isOf(owner));
  }

  async forceRelease(): Promise<boolean> {
    const { dialect } = this.#context;
    return this.#delete(dialect.isOneOf(dialect.key, [keyToBytes(this.#key)]));
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    const { now } = this.#context.dialect;
    const { count } = await this.#connection.run(
      sql`UPDATE ${this.#table} SET expiration = ${now} + ${secondsFor(ttl)}
          WHERE ${this.#isOf(owner)} AND expiration > ${now}`,
    );
    return count > 0;
  }

  async holder(): Promise<LockHolder | undefined> {
    const { now, nowMs } = this.#context.dialect;
    const { rows } = await this.#connection.run<HeldRow>(
      sql`SELECT ${OWNER_COLUMNS[this.#role]} AS owner, expiration, ${nowMs} AS at FROM ${this.#table}
          WHERE ${this.#isThis()} AND expiration > ${now}`,
    );
    return rows[0] && holderOf(rows[0]);
  }

  async waiters(): Promise<readonly Waiter[]> {
    const { liveWaiters } = await import('./waiters.js');
    return liveWaiters(this.#context, this.#key);
  }

  async startWaiting(owner: string): Promise<Waiting> {
    const [{ SqlWaiting }, { waiterRecords }] = await Promise.all([import('./waiting.js'), import('./waiters.js')]);
    return this.#waits.start({
      table: this.#context.tables.nameOf('locks'),
      lock: this.#key,
      owner,
      listener: new SqlWaiting(this.#context.locks, this.#key),
      records: waiterRecords(this.#context),
    });
  }

  get #connection(): Connection {
    return this.#role === 'cache' ? this.#context.entries : this.#context.locks;
  }

  get #table(): Sql {
    return this.#context.tables[this.#role];
  }

  /** Spellings that the collation takes for one are one lock, as in Laravel: the primary key permits one holder. */
  #isThis(): Sql {
    const { dialect } = this.#context;
    if (this.#role === 'locks') return sql`${dialect.key} = ${text(this.#key)}`;
    return dialect.isOneOf(dialect.key, [keyToBytes(this.#key)]);
  }

  #isOf(owner: string): Sql {
    const { dialect } = this.#context;
    return sql`${this.#isThis()} AND ${dialect.isOneOf(OWNER_COLUMNS[this.#role], [keyToBytes(owner)])}`;
  }

  async #insert(owner: string, ttl: Ttl): Promise<boolean> {
    const { dialect, locks, tables } = this.#context;
    const row = sql`(${text(this.#key)}, ${text(owner)}, ${dialect.now} + ${secondsFor(ttl)})`;
    const { count } = await locks.run(dialect.insertUnlessLive(tables.locks, 'owner', row));
    return count > 0;
  }

  /** True if the lock was still held. An expired row counts as free, and is tidied later. */
  async #delete(where: Sql): Promise<boolean> {
    const { dialect } = this.#context;
    const isHeld = sql`${where} AND expiration > ${dialect.now}`;
    const { count } = await this.#connection.run(dialect.release(this.#table, isHeld, this.#key));
    return count > 0;
  }

  async #tidy(): Promise<void> {
    const { dialect, locks, tables } = this.#context;
    const expired = sql`SELECT ${dialect.key} FROM ${tables.locks} WHERE expiration <= ${dialect.now} LIMIT ${TIDIED_AT_ONCE}`;
    // MySQL allows LIMIT in a derived table, not in a subquery. Check the expiry again: a lock may have been acquired.
    await locks.run(
      sql`DELETE FROM ${tables.locks} WHERE ${dialect.key} IN (SELECT ${dialect.key} FROM (${expired}) AS expired)
          AND expiration <= ${dialect.now}`,
    );
  }
}

export function holderOf({ owner: bytes, expiration, at }: HeldRow): LockHolder {
  const owner = keyFromBytes(bytes);
  const ttl = ttlOf(expiration, secondsOf(at));
  return ttl === null ? { owner, ttl } : { owner, ttl: Math.max(1, ttl), leftMs: Math.max(0, expiration * 1000 - at) };
}
