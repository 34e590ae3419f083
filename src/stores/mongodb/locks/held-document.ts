import type { Collection } from 'mongodb';

import type { LockHolder, Ttl } from '../../contract/store.js';
import type { EntryLock } from '../../locks/either-lock.js';
import type { Connection } from '../connection.js';
import type { MongodbContext } from '../context.js';
import type { Deployment } from '../deployment.js';

import { keyFromBytes } from '../../entries/key-text.js';
import { DATED, expiresAt, isLive, later, ttlOf } from '../expiry.js';
import { storable } from '../ids.js';
import { AS_STORED, storedBytes } from '../values.js';

/** The field that holds the bare owner, by collection. Laravel's scheduler adds its mutexes as entries. */
const OWNER_FIELDS = { locks: 'owner', entries: 'value' } as const;

/** The document of a lock. Each operation is one command, so it is atomic. */
export class HeldDocument implements EntryLock {
  protected readonly connection: Connection;
  protected readonly id: string;
  readonly #role: keyof typeof OWNER_FIELDS;

  constructor(context: MongodbContext, name: string, role: keyof typeof OWNER_FIELDS) {
    this.connection = context.connection;
    this.id = storable(context.prefix + name);
    this.#role = role;
  }

  async release(owner: string): Promise<boolean> {
    return this.connection.run(async (deployment) => {
      const { deletedCount } = await this.#documents(deployment).deleteOne(this.#held(deployment.now(), owner));
      return deletedCount === 1;
    });
  }

  async forceRelease(): Promise<boolean> {
    return this.connection.run(async (deployment) => {
      const at = deployment.now();
      const found = await this.#documents(deployment).findOneAndDelete({ _id: this.id, ...DATED });
      return found !== null && isLive(found.expires_at, at);
    });
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return this.connection.run(async (deployment) => {
      const at = deployment.now();
      const change = { $set: { expires_at: expiresAt(ttl, at) } };
      const { matchedCount } = await this.#documents(deployment).updateOne(this.#held(at, owner), change);
      return matchedCount === 1;
    });
  }

  async holder(): Promise<LockHolder | undefined> {
    return this.connection.run(async (deployment) => {
      const at = deployment.now();
      const found = await this.#documents(deployment).findOne({ _id: this.id, expires_at: later(at) }, AS_STORED);
      return found === null ? undefined : holderOf(found[OWNER_FIELDS[this.#role]], found.expires_at, at);
    });
  }

  #documents(deployment: Deployment): Collection<StoredLock> {
    return deployment[this.#role] as unknown as Collection<StoredLock>;
  }

  #held(at: number, owner: string) {
    return { _id: this.id, [OWNER_FIELDS[this.#role]]: storable(owner), expires_at: later(at) };
  }
}

interface StoredLock {
  readonly _id: string;
  readonly owner?: unknown;
  readonly value?: unknown;
  readonly expires_at: Date;
}

/**
 * The holder at a time in milliseconds at which the lock was held.
 * @param owner a field read `AS_STORED`; among entries it may have any type
 */
export function holderOf(owner: unknown, expires_at: Date, at: number): LockHolder {
  const ttl = ttlOf(expires_at, at);
  const holder = { owner: keyFromBytes(storedBytes(owner)), ttl };
  return typeof ttl === 'number' ? { ...holder, leftMs: expires_at.getTime() - at } : holder;
}
