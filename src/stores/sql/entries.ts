import type { Value } from '../../codecs/value.js';
import type { BulkOptions, Entry, NewEntry, Reading, Repository, StoredEntry, Ttl } from '../contract/store.js';
import type { Run } from './connection.js';
import type { SqlContext } from './context.js';
import type { CacheRow } from './rows.js';

import { CodedEntry } from '../entries/coded-entry.js';
import { increased } from '../entries/counter.js';
import { CREATED_HEAD } from '../entries/flexible-names.js';
import { keyToBytes } from '../entries/key-text.js';
import { lastOfEachKey, putBatches } from '../entries/put-batches.js';
import { batches, storedBatches } from '../listing/batches.js';
import { tagHashOf } from '../tags/names.js';
import { secondsFor, ttlOf } from './expiry.js';
import { cacheRow } from './rows.js';
import { type Sql, sql } from './statement.js';
import { value as valueOf } from './text.js';

interface Row {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly expiration: number;
  readonly at: number;
}

/** Keys per statement. */
const KEYS_AT_ONCE = 500;

/** A row to be written. */
interface NewRow {
  readonly key: string;
  readonly stored: Buffer;
  readonly ttl: Ttl;
}

/** Entries without tags. A subclass maps keys to other row keys, and records tags. */
export class Entries implements Repository {
  readonly storedForm: string;
  protected readonly context: SqlContext;

  constructor(context: SqlContext) {
    this.context = context;
    this.storedForm = `${context.dialect.driver} ${context.codec.name}`;
  }

  async get(key: string): Promise<Entry | undefined> {
    const [reading] = await this.many([key]);
    return reading as Entry | undefined;
  }

  async many(keys: readonly string[]): Promise<readonly Reading[]> {
    const found = new Map<string, Entry>();
    for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
      const rows = await this.#liveRows(
        async (statement) => this.context.entries.run(statement),
        keys.slice(start, start + KEYS_AT_ONCE),
      );
      for (const row of rows) found.set(row.key.toString('latin1'), this.#entry(row));
    }

    return keys.map((key) => found.get(this.#id(key)));
  }

  async put(key: string, value: Value, ttl: Ttl): Promise<void> {
    await this.#putRows([{ key, stored: this.context.values.encode(value), ttl }]);
  }

  async putMany(entries: AsyncIterable<NewEntry> | Iterable<NewEntry>, options?: BulkOptions): Promise<number> {
    const rows = batches(entries, (value) => this.context.values.encode(value));
    return putBatches(rows, options, async (batch) => this.#putRows(batch));
  }

  async putStored(entries: readonly StoredEntry[], options?: BulkOptions): Promise<number> {
    return putBatches(storedBatches(entries), options, async (batch) => this.#putRows(batch));
  }

  async add(key: string, value: Value, ttl: Ttl): Promise<boolean> {
    const row = { key, stored: this.context.values.encode(value), ttl };
    return this.#writing([key], async (run) => this.#insert(run, row));
  }

  async increment(key: string, by: bigint): Promise<bigint> {
    const { dialect, entries, tables, values } = this.context;
    await this.prepare();
    return entries.transaction(async (run) => {
      let [row] = await this.#lockedRows(run, [key]);
      if (row === undefined) {
        await this.record([key], run);
        await this.#insert(run, { key, stored: values.encode({ type: 'integer', value: 0n }), ttl: null });
        // Another client may have been first.
        [row] = await this.#lockedRows(run, [key]);
      }

      const sum = increased(key, by, row && (() => values.decode(row.value)));
      const stored = values.encode({ type: 'integer', value: sum });
      // Without a row now, the key may be stored in another spelling, which an upsert refuses.
      await run(
        row === undefined
          ? this.#upsert([{ key, stored, ttl: null }])
          : sql`UPDATE ${tables.cache} SET value = ${valueOf(stored)}
                WHERE ${dialect.isOneOf(dialect.key, [this.#bytes(key)])}`,
      );
      return sum;
    });
  }

  async touch(key: string, ttl: Ttl): Promise<boolean> {
    const { dialect, entries, tables } = this.context;
    const { count } = await entries.run(
      sql`UPDATE ${tables.cache} SET expiration = ${dialect.now} + ${secondsFor(ttl)}
          WHERE ${dialect.isOneOf(dialect.key, [this.#bytes(key)])} AND expiration > ${dialect.now}`,
    );
    return count > 0;
  }

  async forget(keys: readonly string[]): Promise<readonly boolean[]> {
    const removed = await this.#remove(keys);
    return keys.map((key) => removed.has(this.#id(key)));
  }

  async pull(key: string): Promise<Entry | undefined> {
    const row = (await this.#remove([key])).get(this.#id(key));
    return row && this.#entry(row);
  }

  protected storedKey(key: string): string {
    return this.context.prefix + key;
  }

  /** Whether `record` does anything. */
  protected get hasTags(): boolean {
    return false;
  }

  /** Called before the transaction of a write, which occupies a session. */
  async prepare(): Promise<void> {
    // Untagged entries need nothing.
  }

  /** Called in the transaction of a write, before rows of these keys are written. */
  protected async record(_keys: readonly string[], _run: Run): Promise<void> {
    // Untagged entries have no bookkeeping.
  }

  /** Run one statement, in a transaction if tags are recorded too. */
  async #writing<T>(keys: readonly string[], work: (run: Run) => Promise<T>): Promise<T> {
    const { entries } = this.context;
    if (!this.hasTags) return work(async (statement) => entries.run(statement));
    await this.prepare();
    return entries.transaction(async (run) => {
      await this.record(keys, run);
      return work(run);
    });
  }

  async #putRows(rows: readonly NewRow[]): Promise<void> {
    // PostgreSQL refuses to write a row twice in one statement.
    const last = lastOfEachKey(rows);
    if (last.length === 0) return;
    const statement = this.#upsert(last);
    await this.#writing(
      last.map(({ key }) => key),
      async (run) => run(statement),
    );
  }

  #upsert(rows: readonly NewRow[]): Sql {
    const { dialect, tables } = this.context;
    return dialect.upsert(
      tables.cache,
      rows.map((row) => this.#row(row)),
    );
  }

  async #insert(run: Run, row: NewRow): Promise<boolean> {
    const { dialect, tables } = this.context;
    const inserted = cacheRow(this.#row(row), dialect.now);
    const { count } = await run(dialect.insertUnlessLive(tables.cache, 'value', inserted));
    return count > 0;
  }

  #row({ key, stored, ttl }: NewRow): CacheRow {
    return { key: this.#bytes(key), value: stored, seconds: secondsFor(ttl) };
  }

  async #liveRows(run: Run, keys: readonly string[]): Promise<readonly Row[]> {
    const { rows } = await run<Row>(this.#selection(keys));
    return rows;
  }

  async #lockedRows(run: Run, keys: readonly string[]): Promise<readonly Row[]> {
    const { rows } = await run<Row>(sql`${this.#selection(keys)} FOR UPDATE`);
    return rows;
  }

  #selection(keys: readonly string[]): Sql {
    const { dialect, tables } = this.context;
    const stored = keys.map((key) => this.#bytes(key));
    return sql`SELECT ${dialect.key}, value, expiration, ${dialect.now} AS at FROM ${tables.cache}
               WHERE ${dialect.isOneOf(dialect.key, stored)} AND expiration > ${dialect.now}`;
  }

  /** Remove entries. Returns those that were live, by the bytes of the stored key as Latin-1. */
  async #remove(keys: readonly string[]): Promise<ReadonlyMap<string, Row>> {
    const { dialect, entries, tables, prefix } = this.context;
    const removed = new Map<string, Row>();
    for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
      const some = keys.slice(start, start + KEYS_AT_ONCE);
      // Unconditional, like Laravel's database store.
      const all = [...some, ...some.map((key) => CREATED_HEAD + key)].map((key) => this.#bytes(key));
      const mayBeTagged = all.some((key) => tagHashOf(key.toString('latin1').slice(keyToBytes(prefix).length)));
      const hasTags = mayBeTagged && (await tables.has('tags'));
      const live = await entries.transaction(async (run) => {
        const rows = await this.#lockedRows(run, some);
        if (hasTags) await run(sql`DELETE FROM ${tables.tags} WHERE ${dialect.isOneOf(dialect.key, all)}`);
        await run(sql`DELETE FROM ${tables.cache} WHERE ${dialect.isOneOf(dialect.key, all)}`);
        return rows;
      });
      for (const row of live) removed.set(row.key.toString('latin1'), row);
    }

    return removed;
  }

  #entry({ value, expiration, at }: Row): Entry {
    return new CodedEntry(value, ttlOf(expiration, at), this.context.values);
  }

  #bytes(key: string): Buffer {
    return keyToBytes(this.storedKey(key));
  }

  #id(key: string): string {
    return this.#bytes(key).toString('latin1');
  }
}
