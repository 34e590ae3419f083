import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Value } from '../../codecs/value.js';
import type { BulkOptions, Entry, NewEntry, Reading, Repository, StoredEntry, Ttl } from '../contract/store.js';
import type { Connection } from './connection.js';
import type { SqliteContext } from './context.js';
import type { Tables } from './tables.js';

import { CodedEntry } from '../entries/coded-entry.js';
import { increased } from '../entries/counter.js';
import { CREATED_HEAD } from '../entries/flexible-names.js';
import { batches } from '../listing/batches.js';
import { expirationOf, now, ttlOf } from '../sql/expiry.js';
import { ColumnCodec } from '../sql/values.js';
import { bound } from './listing/row-keys.js';
import { VALUE } from './schema.js';
import { Upserts } from './upserts.js';

interface Row {
  readonly value: Buffer;
  readonly expiration: number;
}

/** Rows per transaction: more are cheaper each, but block other writers longer. */
const ROWS = 10_000;

/** Bytes of values per transaction. */
const BYTES = 4 * 1024 * 1024;

/** The limit of expired rows that a write removes, so that writes stay cheap. */
const TIDIED_AT_ONCE = 100;

/** How often a write looks for expired rows without an index, which reads the whole table. */
const TIDY_CHANCE_WITHOUT_INDEX = 0.001;

/** Entries without tags. A subclass maps keys to other row keys, and records tags. */
export class Entries implements Repository {
  protected readonly context: SqliteContext;
  protected readonly connection: Connection;
  protected readonly tables: Tables;
  readonly #values: ColumnCodec;
  readonly storedForm: string;

  constructor(context: SqliteContext) {
    this.context = context;
    this.storedForm = `sqlite ${context.codec.name}`;
    this.connection = context.connection;
    this.tables = context.tables;
    this.#values = new ColumnCodec(context.codec);
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.connection.run(() => this.#find(key, now()));
  }

  async many(keys: readonly string[]): Promise<readonly Reading[]> {
    return this.connection.run(() => {
      if (!this.tables.has('cache')) return keys.map((): Reading => undefined);
      return this.connection.read(() => keys.map((key) => this.#find(key, now())));
    });
  }

  async put(key: string, value: Value, ttl: Ttl): Promise<void> {
    const stored = this.#values.encode(value);
    this.#write((at) => this.#upsert(key, stored, expirationOf(ttl, at)));
  }

  async putMany(entries: AsyncIterable<NewEntry> | Iterable<NewEntry>, options?: BulkOptions): Promise<number> {
    const values = this.#values;
    return Array.isArray(entries)
      ? this.#putAll([entries as readonly NewEntry[]], ({ value }) => values.encode(value), options)
      : this.#putAll(
          batches(entries, (value) => values.encode(value), ROWS),
          ({ stored }) => stored,
          options,
        );
  }

  async putStored(entries: readonly StoredEntry[], options?: BulkOptions): Promise<number> {
    return this.#putAll([entries], ({ stored }) => stored, options);
  }

  async add(key: string, value: Value, ttl: Ttl): Promise<boolean> {
    const stored = this.#values.encode(value);
    return this.#write((at) => {
      const { changes } = this.connection
        .statement(
          `INSERT INTO ${this.tables.cache} AS cache (key, value, expiration)
           VALUES (CAST(@key AS TEXT), CAST(@stored AS TEXT), @expiration)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value, expiration = excluded.expiration
           WHERE cache.expiration <= @at`,
        )
        .run({ key: bound(this.storedKey(key)), stored, expiration: expirationOf(ttl, at), at });
      if (changes === 1) this.wrote(key);
      return changes === 1;
    });
  }

  async increment(key: string, by: bigint): Promise<bigint> {
    return this.#write((at) => {
      const entry = this.#row(key, at);
      const sum = increased(key, by, entry && (() => this.#values.decode(entry.value)));
      const stored = this.#values.encode({ type: 'integer', value: sum });
      this.#upsert(key, stored, entry ? entry.expiration : expirationOf(null, at));
      return sum;
    });
  }

  async replace(key: string, expected: Entry, value: Value): Promise<boolean> {
    if (!this.#hasTable()) return false;
    const stored = this.#values.encode(value);
    return this.#write((at) => {
      const { changes } = this.connection
        .statement(
          `UPDATE ${this.tables.cache} SET value = CAST(@stored AS TEXT)
           WHERE key = CAST(@key AS TEXT) AND expiration > @at AND CAST(${VALUE} AS BLOB) = @expected`,
        )
        .run({ key: bound(this.storedKey(key)), stored, at, expected: expected.stored });
      return changes === 1;
    });
  }

  async touch(key: string, ttl: Ttl): Promise<boolean> {
    if (!this.#hasTable()) return false;
    return this.#write((at) => {
      const { changes } = this.connection
        .statement(`UPDATE ${this.tables.cache} SET expiration = ? WHERE key = CAST(? AS TEXT) AND expiration > ?`)
        .run(expirationOf(ttl, at), bound(this.storedKey(key)), at);
      return changes === 1;
    });
  }

  async forget(keys: readonly string[]): Promise<readonly boolean[]> {
    if (!this.#hasTable()) return keys.map(() => false);
    return this.#write((at) => keys.map((key) => this.#remove(key, at) !== undefined));
  }

  async pull(key: string): Promise<Entry | undefined> {
    if (!this.#hasTable()) return undefined;
    return this.#write((at) => {
      const row = this.#remove(key, at);
      return row && this.#entry(row, at);
    });
  }

  protected storedKey(key: string): string {
    return this.context.prefix + key;
  }

  /** Called in the same transaction after each row that may be new. */
  protected wrote(_key: string): void {
    // Untagged entries have no bookkeeping.
  }

  /** Each page is one transaction, or several if it is large. */
  async #putAll<Item extends Pick<NewEntry, 'key' | 'ttl'>>(
    pages: AsyncIterable<readonly Item[]> | Iterable<readonly Item[]>,
    storedOf: (item: Item) => Buffer,
    { signal, onProgress }: BulkOptions = {},
  ): Promise<number> {
    let done = 0;
    signal?.throwIfAborted();
    for await (const page of pages) {
      for (let start = 0; start < page.length;) {
        const from = start;
        start = this.#write((at) => this.#putSome(page, from, storedOf, at));
        done += start - from;
        onProgress?.({ done });
        // Lets a signal arrive, however fast the source is.
        await nextTurn();
        signal?.throwIfAborted();
      }
    }

    return done;
  }

  /** Put as many as one transaction takes. Returns where the rest begins. */
  #putSome<Item extends Pick<NewEntry, 'key' | 'ttl'>>(
    items: readonly Item[],
    from: number,
    storedOf: (item: Item) => Buffer,
    at: number,
  ): number {
    const upserts = new Upserts(this.connection, this.tables);
    const most = Math.min(items.length, from + ROWS);
    let end = from;
    for (let bytes = 0; end < most && bytes < BYTES; end++) {
      const item = items[end]!;
      const stored = storedOf(item);
      bytes += stored.length;
      upserts.add(this.storedKey(item.key), stored, expirationOf(item.ttl, at));
    }

    upserts.end();
    for (let index = from; index < end; index++) this.wrote(items[index]!.key);
    return end;
  }

  #find(key: string, at: number): Entry | undefined {
    if (!this.tables.has('cache')) return undefined;
    const row = this.#row(key, at);
    return row && this.#entry(row, at);
  }

  #row(key: string, at: number): Row | undefined {
    return this.connection
      .statement<Row>(
        `SELECT CAST(${VALUE} AS BLOB) AS value, expiration FROM ${this.tables.cache}
         WHERE key = CAST(? AS TEXT) AND expiration > ?`,
      )
      .get(bound(this.storedKey(key)), at);
  }

  #entry(row: Row, at: number): Entry {
    return new CodedEntry(row.value, ttlOf(row.expiration, at), this.#values);
  }

  #upsert(key: string, stored: Buffer, expiration: number): void {
    const upserts = new Upserts(this.connection, this.tables);
    upserts.add(this.storedKey(key), stored, expiration);
    upserts.end();
    this.wrote(key);
  }

  /** Return the removed row if it was live. */
  #remove(key: string, at: number): Row | undefined {
    const rowKey = bound(this.storedKey(key));
    const row = this.connection
      .statement<Row>(
        `DELETE FROM ${this.tables.cache} WHERE key = CAST(? AS TEXT) RETURNING CAST(${VALUE} AS BLOB) AS value, expiration`,
      )
      .get(rowKey);
    // Like Laravel's database store, whether the entry exists or not.
    const createdKey = bound(this.storedKey(CREATED_HEAD + key));
    this.connection.statement(`DELETE FROM ${this.tables.cache} WHERE key = CAST(? AS TEXT)`).run(createdKey);
    if (this.tables.has('tags')) {
      this.connection
        .statement(`DELETE FROM ${this.tables.tags} WHERE key IN (CAST(? AS TEXT), CAST(? AS TEXT))`)
        .run(rowKey, createdKey);
    }

    return row && row.expiration > at ? row : undefined;
  }

  #hasTable(): boolean {
    return this.connection.run(() => this.tables.has('cache'));
  }

  /** Run a transaction with the Unix time at which it got the write lock. */
  #write<T>(work: (at: number) => T): T {
    return this.connection.write(() => {
      const at = now();
      this.tables.create('cache');
      const result = work(at);
      this.#tidy(at);
      return result;
    });
  }

  #tidy(at: number): void {
    if (!this.tables.findsExpiredFast('cache') && Math.random() > TIDY_CHANCE_WITHOUT_INDEX) return;
    const { cache, tags } = this.tables;
    const expired = `SELECT key FROM ${cache} WHERE expiration <= ? LIMIT ${TIDIED_AT_ONCE}`;
    if (this.tables.has('tags')) {
      this.connection.statement(`DELETE FROM ${tags} WHERE key IN (${expired})`).run(at);
    }

    this.connection.statement(`DELETE FROM ${cache} WHERE key IN (${expired})`).run(at);
  }
}
