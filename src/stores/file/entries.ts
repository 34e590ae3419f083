import type { Value } from '../../codecs/value.js';
import type { BulkOptions, Entry, NewEntry, Reading, Repository, StoredEntry, Ttl } from '../contract/store.js';
import type { Content } from './content.js';
import type { FileContext } from './context.js';

import { CachectlError, WrongTypeError } from '../../errors.js';
import { CodedEntry } from '../entries/coded-entry.js';
import { increased } from '../entries/counter.js';
import { CREATED_HEAD } from '../entries/flexible-names.js';
import { lastOfEachKey, putBatches } from '../entries/put-batches.js';
import { batches, type EncodedEntry, storedBatches } from '../listing/batches.js';
import { overlapping } from '../listing/concurrent.js';
import { AT_ONCE, mapped } from './at-once.js';
import { expiryOf, ttlOf } from './content.js';

/** Entries of Laravel's `file` store. */
export class Entries implements Repository {
  readonly #context: FileContext;
  readonly storedForm: string;

  constructor(context: FileContext) {
    this.#context = context;
    this.storedForm = `file ${context.codec.name}`;
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.#entry(await this.#context.folder.live(this.#full(key)));
  }

  async many(keys: readonly string[]): Promise<readonly Reading[]> {
    return mapped(keys, async (key): Promise<Reading> => {
      try {
        return await this.get(key);
      } catch (error) {
        if (error instanceof WrongTypeError) return error;
        throw error;
      }
    });
  }

  async put(key: string, value: Value, ttl: Ttl): Promise<void> {
    await this.#write({ key, stored: this.#context.codec.encode(value), ttl });
  }

  async putMany(entries: AsyncIterable<NewEntry> | Iterable<NewEntry>, options?: BulkOptions): Promise<number> {
    return this.#putAll(
      batches(entries, (value) => this.#context.codec.encode(value)),
      options,
    );
  }

  async putStored(entries: readonly StoredEntry[], options?: BulkOptions): Promise<number> {
    return this.#putAll(storedBatches(entries), options);
  }

  async add(key: string, value: Value, ttl: Ttl): Promise<boolean> {
    const next = { expiry: expiryOf(ttl), stored: this.#context.codec.encode(value) };
    return this.#context.folder.change(this.#full(key), (held) => (held ? { result: false } : { result: true, next }));
  }

  async increment(key: string, by: bigint): Promise<bigint> {
    const { codec, folder } = this.#context;
    return folder.change(this.#full(key), (held) => {
      const sum = increased(key, by, held && (() => codec.decode(held.stored)));
      const stored = codec.encode({ type: 'integer', value: sum });
      return { result: sum, next: { expiry: held?.expiry ?? expiryOf(null), stored } };
    });
  }

  async touch(key: string, ttl: Ttl): Promise<boolean> {
    return this.#context.folder.change(this.#full(key), (held) =>
      held ? { result: true, next: { ...held, expiry: expiryOf(ttl) } } : { result: false },
    );
  }

  async forget(keys: readonly string[]): Promise<readonly boolean[]> {
    return mapped(keys, async (key) => {
      const { folder } = this.#context;
      const held = await folder.live(this.#full(key));
      if (held === undefined || !(await folder.remove(this.#full(key)))) return false;
      await this.#removeCreated(key);
      return true;
    });
  }

  async pull(key: string): Promise<Entry | undefined> {
    const held = await this.#context.folder.change(this.#full(key), (content) =>
      content ? { result: content, next: null } : { result: undefined },
    );
    if (held) await this.#removeCreated(key);
    return this.#entry(held);
  }

  async #putAll(all: AsyncIterable<Batch> | Iterable<Batch>, options?: BulkOptions): Promise<number> {
    return putBatches(all, options, async (batch) => {
      let stored = 0;
      try {
        await overlapping(lastOfEachKey<StoredEntry>(batch), AT_ONCE, async (entry) => {
          await this.#write(entry);
          stored++;
        });
      } catch (error) {
        if (!(error instanceof CachectlError)) throw error;
        return { stored, failure: error };
      }

      return { stored: batch.length };
    });
  }

  async #write({ key, stored, ttl }: StoredEntry): Promise<void> {
    await this.#context.folder.write(this.#full(key), { expiry: expiryOf(ttl), stored });
  }

  /** Laravel removes the creation time of a flexible entry with the entry. */
  async #removeCreated(key: string): Promise<void> {
    await this.#context.folder.remove(this.#full(CREATED_HEAD + key));
  }

  #full(key: string): string {
    return this.#context.prefix + key;
  }

  #entry(content: Content | undefined): Entry | undefined {
    return content && new CodedEntry(content.stored, ttlOf(content.expiry), this.#context.codec);
  }
}

type Batch = readonly EncodedEntry[] | readonly StoredEntry[];
