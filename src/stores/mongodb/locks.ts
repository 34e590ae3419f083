import type { Lock, LockHolder, Ttl } from '../contract.js';
import type { Connection } from './connection.js';
import type { Room } from './entries.js';

import { isDuplicate } from './errors.js';
import { expiresAt, isLive, later, notLater, ttlOf } from './expiry.js';
import { AS_STORED, storedBytes } from './values.js';

/** A document of `cache_locks`, as mongodb/laravel-mongodb has it: the owner stands there bare. */
export class MongodbLock implements Lock {
  readonly #connection: Connection;
  readonly #id: string;

  constructor(room: Room, name: string) {
    this.#connection = room.connection;
    this.#id = room.prefix + name;
  }

  /** One upsert that matches what does not count only: of a lock that is held it meets the `_id`, and fails. */
  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    return this.#connection.run(async ({ locks, now }) => {
      const at = now();
      try {
        await locks.updateOne(
          { _id: this.#id, expires_at: notLater(at) },
          { $set: { owner, expires_at: expiresAt(ttl, at) } },
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
      const found = await locks.findOneAndDelete({ _id: this.#id });
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
      return found === null
        ? undefined
        : { owner: storedBytes(found.owner).toString(), ttl: ttlOf(found.expires_at, at) };
    });
  }

  #held(at: number, owner: string) {
    return { _id: this.#id, owner, expires_at: later(at) };
  }
}
