import type { LockHolder, Ttl } from '../../contract/store.js';
import type { EntryLock } from '../../locks/either-lock.js';
import type { Connection } from '../connection.js';
import type { MongodbContext } from '../context.js';

import { DATED, expiresAt, isLive, later } from '../expiry.js';
import { storable } from '../ids.js';
import { AS_STORED } from '../values.js';
import { holderOf } from './lock.js';

/** A lock among the entries, as added by Laravel's scheduler. Its owner is in `value`. */
export class MongodbMutex implements EntryLock {
  readonly #connection: Connection;
  readonly #id: string;

  constructor(context: MongodbContext, name: string) {
    this.#connection = context.connection;
    this.#id = storable(context.prefix + name);
  }

  async release(owner: string): Promise<boolean> {
    return this.#connection.run(async ({ entries, now }) => {
      const { deletedCount } = await entries.deleteOne(this.#held(now(), owner));
      return deletedCount === 1;
    });
  }

  async forceRelease(): Promise<boolean> {
    return this.#connection.run(async ({ entries, now }) => {
      const at = now();
      const found = await entries.findOneAndDelete({ _id: this.#id, ...DATED });
      return found !== null && isLive(found.expires_at, at);
    });
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return this.#connection.run(async ({ entries, now }) => {
      const at = now();
      const { matchedCount } = await entries.updateOne(this.#held(at, owner), {
        $set: { expires_at: expiresAt(ttl, at) },
      });
      return matchedCount === 1;
    });
  }

  async holder(): Promise<LockHolder | undefined> {
    return this.#connection.run(async ({ entries, now }) => {
      const at = now();
      const found = await entries.findOne({ _id: this.#id, expires_at: later(at) }, AS_STORED);
      return found === null ? undefined : holderOf({ owner: found.value, expires_at: found.expires_at }, at);
    });
  }

  #held(at: number, owner: string) {
    return { _id: this.#id, value: storable(owner), expires_at: later(at) };
  }
}
