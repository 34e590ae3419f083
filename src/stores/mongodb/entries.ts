import type { Filter, NumericType, WithId } from 'mongodb';

import { Long } from 'mongodb';

import type { Codec } from '../../codecs/codec.js';
import type { Value } from '../../codecs/value.js';
import type { BulkOptions, Entry, NewEntry, Reading, Repository, Ttl } from '../contract.js';
import type { Connection, Deployment, EntryDocument } from './connection.js';

import { integer } from '../../codecs/value.js';
import { batches } from '../batches.js';
import { increased } from '../counter.js';
import { isDuplicate } from './errors.js';
import { expiresAt, isLive, ttlOf } from './expiry.js';
import { bsonInteger, FieldCodec, storedBytes } from './values.js';

/** What the parts of one store share. */
export interface Room {
  readonly connection: Connection;
  readonly codec: Codec;
  readonly prefix: string;
}

const LEAST = -(2n ** 63n);
const GREATEST = 2n ** 63n - 1n;

/** Integers and floats are told apart only where the driver does not make numbers of them. */
const AS_STORED = { promoteValues: false } as const;

/** Keys of one request. */
const PAGE = 1000;

/**
 * Reading and writing of documents. What is told apart is how a key becomes an `_id`, and the tags of what is written. Every
 * write is of one document by its `_id`, so that it is atomic on a replica set and on a cluster sharded by `_id` too.
 */
export abstract class Entries implements Repository {
  protected readonly room: Room;
  protected readonly connection: Connection;
  readonly #values: FieldCodec;

  constructor(room: Room) {
    this.room = room;
    this.connection = room.connection;
    this.#values = new FieldCodec(room.codec);
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
      const found = await entries.find({ _id: { $in: ids }, expires_at: { $gt: new Date(at) } }, AS_STORED).toArray();
      const byId = new Map(found.map((document) => [document._id, document]));
      return ids.map((id) => {
        const document = byId.get(id);
        return document && this.#entry(document, at);
      });
    });
  }

  async put(key: string, value: Value, ttl: Ttl): Promise<void> {
    await this.connection.run(async ({ entries, now }) =>
      entries.replaceOne({ _id: this.id(key) }, this.#document(value, ttl, now()), { upsert: true }),
    );
  }

  async putMany(
    entries: AsyncIterable<NewEntry> | Iterable<NewEntry>,
    { signal, onProgress }: BulkOptions = {},
  ): Promise<number> {
    let done = 0;
    signal?.throwIfAborted();
    for await (const batch of batches(entries, (value) => withLength(this.#values.encode(value)))) {
      // Of a key that comes twice the last counts, and a request that is not ordered does not say which is.
      const last = new Map(batch.map((entry) => [this.id(entry.key), entry]));
      await this.connection.run(async (deployment) => {
        const at = deployment.now();
        const operations = [...last].map(([id, { stored, ttl }]) => ({
          replaceOne: {
            filter: { _id: id },
            replacement: { value: stored.field, expires_at: expiresAt(ttl, at), ...this.tagging() },
            upsert: true,
          },
        }));
        await deployment.entries.bulkWrite(operations, { ordered: false });
      });
      done += batch.length;
      onProgress?.({ done });
      signal?.throwIfAborted();
    }

    return done;
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
      // Only one at a time is told whether it was there; they go at once, over several sockets.
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
  protected abstract id(key: string): string;

  /** What an entry's document has beside value and expiry. */
  protected abstract tagging(): Pick<EntryDocument, 'tags'>;

  #document(value: Value, ttl: Ttl, at: number): Omit<EntryDocument, '_id'> {
    return { value: this.#values.encode(value), expires_at: expiresAt(ttl, at), ...this.tagging() };
  }

  /** One upsert that matches what has expired only: of what counts it meets the `_id`, and fails. */
  async #add({ entries, now }: Deployment, key: string, value: Value, ttl: Ttl): Promise<boolean> {
    const at = now();
    try {
      const document = this.#document(value, ttl, at);
      await entries.updateOne(
        { _id: this.id(key), expires_at: { $lte: new Date(at) } },
        document.tags === undefined ? { $set: document, $unset: { tags: '' } } : { $set: document },
        { upsert: true },
      );
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** Undefined when there is no integer that has room for it. */
  async #incrementInPlace({ entries, now }: Deployment, key: string, by: bigint): Promise<bigint | undefined> {
    const range = by < 0n ? { $gte: Long.fromBigInt(LEAST - by) } : { $lte: Long.fromBigInt(GREATEST - by) };
    const found = await entries.findOneAndUpdate(
      {
        ...live(this.id(key), now()),
        $or: [{ value: { $type: 'int', ...range } }, { value: { $type: 'long', ...range } }],
      },
      // The driver's types allow it of fields alone that hold nothing but numbers.
      { $inc: { value: bsonInteger(by) } as Record<string, NumericType> },
      { ...AS_STORED, returnDocument: 'after' },
    );
    if (found === null) return undefined;
    const value = this.#values.decode(found.value);
    return value.type === 'integer' ? value.value : undefined;
  }

  /** What is not there, or stands otherwise; undefined when somebody changed it meanwhile. @throws NotANumberError */
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

  /** What was removed, when it still counted. */
  async #remove({ entries, now }: Deployment, key: string): Promise<Entry | undefined> {
    const at = now();
    const found = await entries.findOneAndDelete({ _id: this.id(key) }, AS_STORED);
    return found !== null && isLive(found.expires_at, at) ? this.#entry(found, at) : undefined;
  }

  #entry({ value, expires_at }: WithId<EntryDocument>, at: number): Entry {
    return { stored: storedBytes(value), ttl: ttlOf(expires_at, at), decode: () => this.#values.decode(value) };
  }
}

/** Whether it was there. What had expired stays, to be removed by the index on `expires_at`. */
async function forgotLive({ entries, now }: Deployment, id: string): Promise<boolean> {
  const { deletedCount } = await entries.deleteOne(live(id, now()));
  return deletedCount === 1;
}

/** A document that counts at a time, in milliseconds. */
export function live(id: string, at: number): Filter<EntryDocument> & { _id: string } {
  return { _id: id, expires_at: { $gt: new Date(at) } };
}

/** For the bound on a batch's bytes. */
function withLength(field: ReturnType<FieldCodec['encode']>) {
  return { field, length: storedBytes(field).length };
}
