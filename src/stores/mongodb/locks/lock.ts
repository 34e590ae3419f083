import type { Waiter, Waiting } from '../../contract/locks.js';
import type { Lock, LockHolder, Ttl } from '../../contract/store.js';
import type { OpenWaits } from '../../locks/waiters.js';
import type { Connection } from '../connection.js';
import type { MongodbContext } from '../context.js';
import type { LockDocument } from '../deployment.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { isDuplicate } from '../errors.js';
import { DATED, expiresAt, isLive, later, notLater, ttlOf } from '../expiry.js';
import { storable } from '../ids.js';
import { AS_STORED, storedBytes } from '../values.js';
import { liveWaiters, waiterRecords } from './waiters.js';
import { MongodbWaiting } from './waiting.js';

/** Change streams of one store, at most: each holds one of its sockets. */
const MOST_STREAMS = 4;

/** A document of `cache_locks`, as mongodb/laravel-mongodb has it: the owner stands there bare. */
export class MongodbLock implements Lock {
  readonly #connection: Connection;
  readonly #id: string;
  readonly #waits: OpenWaits<MongodbWaiting>;

  /** `waits` are those of the store. */
  constructor(context: MongodbContext, name: string, waits: OpenWaits<MongodbWaiting>) {
    this.#connection = context.connection;
    this.#id = storable(context.prefix + name);
    this.#waits = waits;
  }

  /** One upsert that matches what does not count only: of a lock that is held it meets the `_id`, and fails. */
  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    this.#waits.tried(this.#id, owner);
    return this.#connection.run(async ({ locks, now }) => {
      const at = now();
      try {
        await locks.updateOne(
          { _id: this.#id, expires_at: notLater(at) },
          { $set: { owner: storable(owner), expires_at: expiresAt(ttl, at) } },
          { upsert: true },
        );
        return true;
      } catch (error) {
        if (isDuplicate(error)) return false;
        throw error;
      }
    });
  }

  async release(owner: string): Promise<boolean> {
    return this.#connection.run(async ({ locks, now }) => {
      const { deletedCount } = await locks.deleteOne(this.#held(now(), owner));
      return deletedCount === 1;
    });
  }

  async forceRelease(): Promise<boolean> {
    return this.#connection.run(async ({ locks, now }) => {
      const at = now();
      const found = await locks.findOneAndDelete({ _id: this.#id, ...DATED });
      return found !== null && isLive(found.expires_at, at);
    });
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return this.#connection.run(async ({ locks, now }) => {
      const at = now();
      const change = { $set: { expires_at: expiresAt(ttl, at) } };
      const { matchedCount } = await locks.updateOne(this.#held(at, owner), change);
      return matchedCount === 1;
    });
  }

  async holder(): Promise<LockHolder | undefined> {
    return this.#connection.run(async ({ locks, now }) => {
      const at = now();
      const found = await locks.findOne({ _id: this.#id, expires_at: later(at) }, AS_STORED);
      return found === null ? undefined : holderOf(found, at);
    });
  }

  async waiters(): Promise<readonly Waiter[]> {
    return this.#connection.run(async (deployment) => liveWaiters(deployment, this.#waitsFor));
  }

  async startWaiting(owner: string): Promise<Waiting> {
    const listens = this.#waits.listeners.filter((each) => each.listens).length < MOST_STREAMS;
    const listener = new MongodbWaiting(this.#connection, this.#id, listens);
    return this.#waits.start({ listener, records: waiterRecords(this.#connection), ...this.#waitsFor, owner });
  }

  get #waitsFor() {
    return { table: this.#connection.profile.lockCollection, lock: this.#id };
  }

  #held(at: number, owner: string) {
    return { _id: this.#id, owner: storable(owner), expires_at: later(at) };
  }
}

/** An owner, whose field is of any type among the entries, and how long it is one. */
interface Held extends Pick<LockDocument, 'expires_at'> {
  readonly owner: unknown;
}

/**
 * What a lock's document says of its holder, at a time in milliseconds at which it was held.
 * @param document as the driver gives it `AS_STORED`
 */
export function holderOf({ owner, expires_at }: Held, at: number): LockHolder {
  const ttl = ttlOf(expires_at, at);
  const holder = { owner: keyFromBytes(storedBytes(owner)), ttl };
  return typeof ttl === 'number' ? { ...holder, leftMs: expires_at.getTime() - at } : holder;
}
