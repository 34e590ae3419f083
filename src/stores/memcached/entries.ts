import type { Value } from '../../codecs/value.js';
import type { BulkOptions, Entry, NewEntry, Reading, Repository, StoredEntry, Ttl } from '../contract/store.js';
import type { Connection } from './connection.js';
import type { MemcachedContext } from './context.js';
import type { Item, Write } from './protocol/node.js';

import { integer } from '../../codecs/value.js';
import { increased } from '../entries/counter.js';
import { allDone } from '../entries/partial-failure.js';
import { putBatches } from '../entries/put-batches.js';
import { batches, type EncodedEntry, storedBatches } from '../listing/batches.js';
import { expiryOf } from './expiry.js';
import { fullKey, type Naming, readEntries } from './readings.js';
import { type Encoded, parseForm } from './values.js';

/** The entries of one round trip. */
type Batch = ReadonlyArray<EncodedEntry<Encoded>>;

/** Reads and writes entries without tags. A subclass maps keys to other full keys. */
export class Entries implements Repository {
  protected readonly context: MemcachedContext;
  protected readonly connection: Connection;
  readonly storedForm: string;

  constructor(context: MemcachedContext) {
    this.context = context;
    this.connection = context.connection;
    this.storedForm = context.values.form;
  }

  async get(key: string): Promise<Entry | undefined> {
    const [reading] = await this.many([key]);
    if (reading instanceof Error) throw reading;
    return reading;
  }

  async many(keys: readonly string[]): Promise<readonly Reading[]> {
    const naming = await this.naming();
    if (naming) return readEntries(this.context, keys, naming, async (node, full) => node.read(full));
    return keys.map((key) => {
      const full = fullKey(key, this.#plain);
      return full instanceof Error ? full : undefined;
    });
  }

  async put(key: string, value: Value, ttl: Ttl): Promise<void> {
    const [encode, naming] = [await this.context.values.encoder(), await this.namingToWrite()];
    const [error] = await this.#put([writeOf(naming(key), encode(value), ttl)]);
    if (error) throw error;
  }

  async putMany(entries: AsyncIterable<NewEntry> | Iterable<NewEntry>, options?: BulkOptions): Promise<number> {
    return this.#putAll(batches(entries, await this.context.values.encoder()), options);
  }

  async putStored(entries: readonly StoredEntry[], options?: BulkOptions): Promise<number> {
    return this.#putAll(formBatches(entries), options);
  }

  async add(key: string, value: Value, ttl: Ttl, flags?: number): Promise<boolean> {
    const [encode, naming] = [await this.context.values.encoder(), await this.namingToWrite()];
    const write = writeOf(naming(key), encode(value, flags), ttl);
    return this.connection.at(write.key).add(write);
  }

  async increment(key: string, by: bigint): Promise<bigint> {
    const [encode, naming] = [await this.context.values.encoder(), await this.namingToWrite()];
    const full = naming(key);
    const node = this.connection.at(full);
    const first = countedDown(by, by);
    // Retried after a concurrent write. One of the clients always succeeds.
    for (;;) {
      const held = await this.#item(full);
      if (held === undefined) {
        if (await node.add(writeOf(full, encode(integer(first)), null))) return first;
        continue;
      }

      const entry = await this.context.values.entry(held);
      const sum = countedDown(
        by,
        increased(key, by, () => entry.decode()),
      );
      const stored = encode(integer(sum));
      const flags = this.context.values.flagsOfSum(held, stored);
      const count = await node.updateCounter({ key: full, held, by, sum, value: stored.bytes, flags });
      if (count !== undefined) return count;
    }
  }

  async replace(key: string, expected: Entry, value: Value): Promise<boolean> {
    const [encode, naming] = [await this.context.values.encoder(), await this.naming()];
    const full = (naming ?? this.#plain)(key);
    const held = naming && (await this.#item(full));
    if (held === undefined || !held.value.equals(expected.stored)) return false;
    const { bytes, flags } = encode(value);
    return this.connection.at(full).replace({ key: full, value: bytes, flags }, held);
  }

  async touch(key: string, ttl: Ttl): Promise<boolean> {
    const naming = await this.naming();
    const full = (naming ?? this.#plain)(key);
    return naming !== undefined && this.connection.at(full).touch(full, expiryOf(ttl));
  }

  async forget(keys: readonly string[]): Promise<readonly boolean[]> {
    const naming = await this.naming();
    const places = keys.map((key) => ({ full: (naming ?? this.#plain)(key) }));
    if (!naming) return keys.map(() => false);
    const answers = await this.connection.spread(places, async (node, share) =>
      node.remove(share.map(({ full }) => full)),
    );
    return allDone<boolean>('forgot', keys, 'keys', answers);
  }

  async pull(key: string): Promise<Entry | undefined> {
    const naming = await this.naming();
    const full = (naming ?? this.#plain)(key);
    if (!naming) return undefined;
    for (;;) {
      const held = await this.#item(full);
      if (held === undefined) return undefined;
      if (await this.connection.at(full).removeIfSame(full, held)) return this.context.values.entry(held);
    }
  }

  /** Undefined if no entry can exist: a tag has no id. */
  protected async naming(): Promise<Naming | undefined> {
    return this.#plain;
  }

  /** Like `naming`, for writes: creates missing tag ids. */
  protected async namingToWrite(): Promise<Naming> {
    return (key) => this.context.keys.fullToWrite(key);
  }

  /** Also validates keys when a tag has no id. */
  readonly #plain: Naming = (key) => this.context.keys.full(key);

  async #item(full: Buffer): Promise<Item | undefined> {
    const [item] = await this.connection.at(full).read([full]);
    return valueOrThrow(item);
  }

  async #putAll(all: AsyncIterable<Batch> | Iterable<Batch>, options?: BulkOptions): Promise<number> {
    return putBatches(all, options, async (batch) => {
      // For each batch: a concurrent flush gives the tags new ids.
      const naming = await this.namingToWrite();
      const errors = await this.#put(batch.map(({ key, stored, ttl }) => writeOf(naming(key), stored, ttl)));
      const stored = errors.filter((error) => error === undefined).length;
      return { stored, failure: errors.find((error) => error !== undefined) };
    });
  }

  async #put(writes: readonly Write[]): Promise<ReadonlyArray<Error | undefined>> {
    const places = writes.map((write) => ({ full: write.key, write }));
    return this.connection.spread(places, async (node, share) => node.put(share.map(({ write }) => write)));
  }
}

/**
 * Memcached's own `decr`, which PHP uses, stops at 0. A number that is already negative, which `decr` cannot count, is
 * decremented as on other stores.
 */
function countedDown(by: bigint, sum: bigint): bigint {
  return by < 0n && sum < 0n && sum - by >= 0n ? 0n : sum;
}

export function valueOrThrow<Answer>(answer: Answer): Exclude<Answer, Error> {
  if (answer instanceof Error) throw answer;
  return answer as Exclude<Answer, Error>;
}

function writeOf(key: Buffer, { bytes, flags }: Encoded, ttl: Ttl): Write {
  return { key, value: bytes, flags, expiry: expiryOf(ttl) };
}

function* formBatches(entries: readonly StoredEntry[]): Generator<Batch> {
  for (const batch of storedBatches(entries)) {
    yield batch.map(({ key, stored, ttl }) => ({ key, stored: parseForm(stored), ttl }));
  }
}
