import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Codec } from '../../codecs/codec.js';
import type { Value } from '../../codecs/value.js';
import type { BulkOptions, Entry, NewEntry, Reading, Repository, StoredEntry, Ttl } from '../contract/store.js';
import type { ArrayContext } from './context.js';

import { CodedEntry } from '../entries/coded-entry.js';
import { increased } from '../entries/counter.js';
import { type EntryCell, expiresAfter, ttlOf } from './memory.js';

/** Entries between two looks at the signal. */
const BATCH = 1000;

/** Reading and writing of entries. What is told apart is only how a key becomes one of the memory's. */
export abstract class Entries implements Repository {
  protected readonly context: ArrayContext;
  readonly storedForm: string;

  constructor(context: ArrayContext) {
    this.context = context;
    this.storedForm = `array ${context.codec.name}`;
  }

  async get(key: string): Promise<Entry | undefined> {
    const cell = this.context.memory.live(this.storedKey(key));
    this.context.memory.tell({ time: Date.now(), type: cell ? 'CacheHit' : 'CacheMissed', key: this.storedKey(key) });
    return cell && this.#entry(cell);
  }

  async many(keys: readonly string[]): Promise<readonly Reading[]> {
    return Promise.all(keys.map((key) => this.get(key)));
  }

  async put(key: string, value: Value, ttl: Ttl): Promise<void> {
    this.#set(key, { stored: this.context.codec.encode(value), expires: expiresAfter(ttl) });
  }

  async putMany(
    entries: AsyncIterable<NewEntry> | Iterable<NewEntry>,
    { signal, onProgress }: BulkOptions = {},
  ): Promise<number> {
    let done = 0;
    signal?.throwIfAborted();
    for await (const { key, value, ttl } of entries) {
      await this.put(key, value, ttl);
      done++;
      if (done % BATCH !== 0) continue;
      onProgress?.({ done });
      await nextTurn();
      signal?.throwIfAborted();
    }

    onProgress?.({ done });
    return done;
  }

  async putStored(entries: readonly StoredEntry[], { onProgress }: BulkOptions = {}): Promise<number> {
    for (const { key, stored, ttl } of entries) this.#set(key, { stored, expires: expiresAfter(ttl) });
    onProgress?.({ done: entries.length });
    return entries.length;
  }

  async add(key: string, value: Value, ttl: Ttl): Promise<boolean> {
    if (this.context.memory.live(this.storedKey(key))) return false;
    await this.put(key, value, ttl);
    return true;
  }

  async increment(key: string, by: bigint): Promise<bigint> {
    const { codec, memory } = this.context;
    const cell = memory.live(this.storedKey(key));
    const sum = increased(key, by, cell && (() => codec.decode(cell.stored)));
    this.#set(key, { stored: codec.encode({ type: 'integer', value: sum }), expires: cell?.expires ?? null });
    return sum;
  }

  async touch(key: string, ttl: Ttl): Promise<boolean> {
    return this.context.memory.touch(this.storedKey(key), expiresAfter(ttl));
  }

  async forget(keys: readonly string[]): Promise<readonly boolean[]> {
    return keys.map((key) => this.context.memory.remove(this.storedKey(key)) !== undefined);
  }

  async pull(key: string): Promise<Entry | undefined> {
    const cell = this.context.memory.remove(this.storedKey(key));
    return cell && this.#entry(cell);
  }

  protected abstract storedKey(key: string): string;

  /** Which every entry that is written carries from then on, with the prefix. */
  protected abstract storedTags(): readonly string[];

  #set(key: string, cell: EntryCell): void {
    this.context.memory.set(this.storedKey(key), cell, this.storedTags());
  }

  #entry(cell: EntryCell): Entry {
    return entryOf(cell, this.context.codec);
  }
}

/** What a live cell holds. */
export function entryOf(cell: EntryCell, codec: Codec): Entry {
  return new CodedEntry(cell.stored, ttlOf(cell), codec);
}
