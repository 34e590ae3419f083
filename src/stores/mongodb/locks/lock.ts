import type { Waiter, Waiting } from '../../contract/locks.js';
import type { Lock, Ttl } from '../../contract/store.js';
import type { OpenWaits } from '../../locks/waiters.js';
import type { MongodbContext } from '../context.js';

import { isDuplicate } from '../errors.js';
import { expiresAt, notLater } from '../expiry.js';
import { storable } from '../ids.js';
import { HeldDocument } from './held-document.js';
import { liveWaiters, waiterRecords } from './waiters.js';
import { MongodbWaiting } from './waiting.js';

/** The maximum number of change streams of one store: each holds a socket. */
const MAX_STREAMS = 4;

/** A document of mongodb/laravel-mongodb's `cache_locks`, with the owner as bare text. */
export class MongodbLock extends HeldDocument implements Lock {
  readonly #waits: OpenWaits<MongodbWaiting>;

  /** @param waits the open waits of the store */
  constructor(context: MongodbContext, name: string, waits: OpenWaits<MongodbWaiting>) {
    super(context, name, 'locks');
    this.#waits = waits;
  }

  /** One upsert that matches an expired lock only. If the lock is held, the upsert fails on its `_id`. */
  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    this.#waits.tried(this.id, owner);
    return this.connection.run(async ({ locks, now }) => {
      const at = now();
      try {
        await locks.updateOne(
          { _id: this.id, expires_at: notLater(at) },
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

  async waiters(): Promise<readonly Waiter[]> {
    return this.connection.run(async (deployment) => liveWaiters(deployment, this.#waitsFor));
  }

  async startWaiting(owner: string): Promise<Waiting> {
    const listens = this.#waits.listeners.filter((each) => each.listens).length < MAX_STREAMS;
    const listener = new MongodbWaiting(this.connection, this.id, listens);
    return this.#waits.start({ listener, records: waiterRecords(this.connection), ...this.#waitsFor, owner });
  }

  get #waitsFor() {
    return { table: this.connection.profile.lockCollection, lock: this.id };
  }
}
