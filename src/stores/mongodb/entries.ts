import type { Filter, NumericType, WithId } from 'mongodb';

import { BSON, Long } from 'mongodb';

import type { Value } from '../../codecs/value.js';
import type { BulkOptions, Entry, NewEntry, Reading, Repository, StoredEntry, Ttl } from '../contract/store.js';
import type { Connection } from './connection.js';
import type { MongodbContext } from './context.js';
import type { Deployment, EntryDocument } from './deployment.js';

import { INT64_MAX, INT64_MIN, integer } from '../../codecs/value.js';
import { increased } from '../entries/counter.js';
import { lastOfEachKey, putBatches } from '../entries/put-batches.js';
import { batches, type EncodedEntry, storedBatches } from '../listing/batches.js';
import { isDuplicate, isTypeMismatch, tooLarge } from './errors.js';
import { expiresAt, later, notLater, ttlOf } from './expiry.js';
import { storable } from './ids.js';
import { AS_STORED, bsonInteger, FieldCodec, inForm, parseForm, type Stored, storedBytes } from './values.js';

/** The field `value`. Stored bytes from another cache may lack it. */
type ValueField = Partial<Pick<EntryDocument, 'value'>>;

interface Measured {
  readonly field: ValueField;
  readonly length: number;
}

/** The entries of one request. */
type Batch = ReadonlyArray<EncodedEntry<Measured>>;

const NO_TAGS: Pick<EntryDocument, 'tags'> = {};

/** The server's limit for a BSON document, in bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Keys to remove concurrently: few enough that a round trip of 100 ms does not cause a timeout. */
const PAGE = 128;

/**
 * Reads and writes entries without tags. A subclass adds tags and maps keys to other ids. Each write changes one
 * document by its `_id`, so that it is atomic on replica sets and on clusters sharded by `_id` too.
 */
export class Entries implements Repository {
  protected readonly context: MongodbContext;
  protected readonly connection: Connection;
  readonly storedForm: string;
  readonly #values: FieldCodec;

  constructor(context: MongodbContext) {
    this.context = context;
    this.storedForm = `mongodb ${context.codec.name}`;
    this.connection = context.connection;
    this.#values = new FieldCodec(context.codec);
  }

  async get(key: string): Promise<Entry | undefined> {
    return this.connection.run(async ({ entries, now }) => {
      const at = now();
      const found = await entries.findOne(live(this.id(key), at), AS_STORED);
      return found === null ? undefined : this.#entry(found, at);
    });
  }

  async many(keys: readonly string[]): Promise<readonly Reading[]> {
    return this.connection.run(async ({ entries, now }) => {
      const at = now();
      const ids = keys.map((key) => this.id(key));
      const found = await entries.find({ _id: { $in: ids }, expires_at: later(at) }, AS_STORED).toArray();
      const byId = new Map(found.map((document) => [document._id, document]));
      return ids.map((id) => {
        const document = byId.get(id);
        return document && this.#entry(document, at);
      });
    });
  }

  async put(key: string, value: Value, ttl: Ttl): Promise<void> {
    await this.connection.run(async ({ entries, now }) => {
      const { _id, ...document } = this.#document({ key, stored: { value: this.#values.encode(value) }, ttl }, now());
      await retryOnDuplicate(async () => entries.replaceOne({ _id }, document, { upsert: true }));
    });
  }

  async putMany(entries: AsyncIterable<NewEntry> | Iterable<NewEntry>, options?: BulkOptions): Promise<number> {
    return this.#putAll(
      batches(entries, (value) => withLength(this.#values.encode(value))),
      options,
    );
  }

  async putStored(entries: readonly StoredEntry[], options?: BulkOptions): Promise<number> {
    return this.#putAll(formBatches(entries), options);
  }

  async add(key: string, value: Value, ttl: Ttl): Promise<boolean> {
    return this.connection.run(async (deployment) => this.#add(deployment, key, value, ttl));
  }

  async increment(key: string, by: bigint): Promise<bigint> {
    return this.connection.run(async (deployment) => {
      for (;;) {
        const sum =
          (await this.#incrementInPlace(deployment, key, by)) ?? (await this.#incrementOther(deployment, key, by));
        if (sum !== undefined) return sum;
      }
    });
  }

  async replace(key: string, expected: Entry, value: Value): Promise<boolean> {
    return this.connection.run(async ({ entries, now }) => {
      const { matchedCount } = await entries.updateOne(
        { ...live(this.id(key), now()), ...parseForm(expected.inForm!()) },
        { $set: { value: this.#values.encode(value) } },
      );
      return matchedCount === 1;
    });
  }

  async touch(key: string, ttl: Ttl): Promise<boolean> {
    return this.connection.run(async ({ entries, now }) => {
      const at = now();
      const change = { $set: { expires_at: expiresAt(ttl, at) } };
      const { matchedCount } = await entries.updateOne(live(this.id(key), at), change);
      return matchedCount === 1;
    });
  }

  async forget(keys: readonly string[]): Promise<readonly boolean[]> {
    const forgotten: boolean[] = [];
    for (let start = 0; start < keys.length; start += PAGE) {
      const page = keys.slice(start, start + PAGE);
      // Only single deletions report whether the document existed. They run in parallel, over several sockets.
      const found = await this.connection.run(async (deployment) =>
        Promise.all(page.map(async (key) => forgotLive(deployment, this.id(key)))),
      );
      forgotten.push(...found);
    }

    return forgotten;
  }

  async pull(key: string): Promise<Entry | undefined> {
    return this.connection.run(async (deployment) => this.#remove(deployment, key));
  }

  /** The `_id` of the document that holds `key`. */
  protected id(key: string): string {
    return storable(this.context.prefix + key);
  }

  /** The fields of a document other than value and expiry. */
  protected tagging(): Pick<EntryDocument, 'tags'> {
    return NO_TAGS;
  }

  async #putAll(all: AsyncIterable<Batch> | Iterable<Batch>, options?: BulkOptions): Promise<number> {
    return putBatches(all, options, async (batch) =>
      this.connection.run(async ({ entries: collection, now }) => {
        const at = now();
        // An unordered bulk write would not guarantee that the last entry of a repeated key wins.
        const operations = lastOfEachKey(batch).map(({ key, stored, ttl }) => {
          const { _id, ...replacement } = this.#document({ key, stored: stored.field, ttl }, at);
          return { replaceOne: { filter: { _id }, replacement, upsert: true } };
        });
        await retryOnDuplicate(async () => collection.bulkWrite(operations, { ordered: false }));
      }),
    );
  }

  #document({ key, stored, ttl }: EncodedEntry<ValueField>, at: number): EntryDocument {
    const document = { _id: this.id(key), ...stored, expires_at: expiresAt(ttl, at), ...this.tagging() };
    if (BSON.calculateObjectSize(document) > MAX_BYTES) throw tooLarge(this.connection.location);
    return document as EntryDocument;
  }

  /** One upsert whose filter matches an expired document only. If the key is live, the `_id` is a duplicate. */
  async #add({ entries, now }: Deployment, key: string, value: Value, ttl: Ttl): Promise<boolean> {
    const at = now();
    const { _id, ...document } = this.#document({ key, stored: { value: this.#values.encode(value) }, ttl }, at);
    try {
      await entries.updateOne(
        { _id, expires_at: notLater(at) },
        document.tags === undefined ? { $set: document, $unset: { tags: '' } } : { $set: document },
        { upsert: true },
      );
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** Undefined if the value is not an integer, or would overflow. */
  async #incrementInPlace({ entries, now }: Deployment, key: string, by: bigint): Promise<bigint | undefined> {
    const range = by < 0n ? { $gte: Long.fromBigInt(INT64_MIN - by) } : { $lte: Long.fromBigInt(INT64_MAX - by) };
    const found = await entries
      .findOneAndUpdate(
        {
          ...live(this.id(key), now()),
          $or: [{ value: { $type: 'int', ...range } }, { value: { $type: 'long', ...range } }],
        },
        // The official driver's types allow $inc only for fields that are always numbers.
        { $inc: { value: bsonInteger(by) } as Record<string, NumericType> },
        { ...AS_STORED, returnDocument: 'after' },
      )
      .catch((error: unknown) => {
        // The filter also matches an array that contains such a number.
        if (isTypeMismatch(error)) return null;
        throw error;
      });
    if (found === null) return undefined;
    const value = this.#values.decode(found.value);
    return value.type === 'integer' ? value.value : undefined;
  }

  /**
   * Increment a missing entry, or a number in another form. Undefined after a concurrent change.
   * @throws NotANumberError
   */
  async #incrementOther(deployment: Deployment, key: string, by: bigint): Promise<bigint | undefined> {
    const { entries, now } = deployment;
    const found = await entries.findOne(live(this.id(key), now()), AS_STORED);
    const sum = increased(key, by, found === null ? undefined : () => this.#values.decode(found.value));
    if (found === null) return (await this.#add(deployment, key, integer(sum), null)) ? sum : undefined;
    const { matchedCount } = await entries.updateOne(
      { _id: found._id, value: found.value, expires_at: found.expires_at },
      { $set: { value: this.#values.encode(integer(sum)) } },
    );
    return matchedCount === 1 ? sum : undefined;
  }

  /** Remove and return a live entry. */
  async #remove({ entries, now }: Deployment, key: string): Promise<Entry | undefined> {
    const at = now();
    const found = await entries.findOneAndDelete(live(this.id(key), at), AS_STORED);
    return found === null ? undefined : this.#entry(found, at);
  }

  #entry(document: WithId<EntryDocument>, at: number): Entry {
    return entryOf(document, this.#values, at);
  }
}

/** The entry of a document that was read with `AS_STORED`. @param at Unix time in milliseconds */
export function entryOf(
  { value, expires_at }: Pick<EntryDocument, 'expires_at' | 'value'>,
  values: FieldCodec,
  at: number,
): Entry {
  return {
    stored: storedBytes(value),
    ttl: ttlOf(expires_at, at),
    decode: () => values.decode(value),
    inForm: () => inForm(value),
  };
}

/** Whether the entry existed. An expired document stays until the index on `expires_at` removes it. */
async function forgotLive({ entries, now }: Deployment, id: string): Promise<boolean> {
  const { deletedCount } = await entries.deleteOne(live(id, now()));
  return deletedCount === 1;
}

/** A filter for a live document. @param at Unix time in milliseconds */
function live(id: string, at: number): Filter<EntryDocument> & { _id: string } {
  return { _id: id, expires_at: later(at) };
}

/** With its length, which limits the size of batches. */
function withLength(value: Stored): Measured {
  return { field: { value }, length: storedBytes(value).length };
}

function* formBatches(entries: readonly StoredEntry[]): Generator<Batch> {
  for (const batch of storedBatches(entries)) {
    yield batch.map(({ key, stored, ttl }) => ({
      key,
      stored: { field: parseForm(stored), length: stored.length },
      ttl,
    }));
  }
}

/** An upsert fails if another client inserts the same `_id` first and the server does not retry it. */
async function retryOnDuplicate(write: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await write();
      return;
    } catch (error) {
      if (!isDuplicate(error) || attempt === ATTEMPTS) throw error;
    }
  }
}

const ATTEMPTS = 3;
