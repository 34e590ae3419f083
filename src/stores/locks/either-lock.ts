import type { Waiter, Waiting } from '../contract/locks.js';
import type { Lock, LockHolder, Ttl } from '../contract/store.js';

import { isScheduleMutex } from './names.js';

/** A lock among the entries. It is never acquired there. */
export type EntryLock = Pick<Lock, 'forceRelease' | 'holder' | 'refresh' | 'release'>;

/**
 * A Laravel lock that may be stored separately or among the entries: up to Laravel 12 the scheduler adds its mutex as
 * an entry, and `lock_connection` may have been set later. It is acquired in the separate place.
 */
export class EitherLock implements Lock {
  readonly #name: string;
  readonly #apart: Required<Lock>;
  readonly #amongEntries: EntryLock;

  constructor(name: string, apart: Required<Lock>, amongEntries: EntryLock) {
    this.#name = name;
    this.#apart = apart;
    this.#amongEntries = amongEntries;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    if (isScheduleMutex(this.#name) && (await this.#amongEntries.holder()) !== undefined) return false;
    return this.#apart.acquire(owner, ttl);
  }

  async release(owner: string): Promise<boolean> {
    return (await this.#apart.release(owner)) || this.#amongEntries.release(owner);
  }

  async forceRelease(): Promise<boolean> {
    const released = [await this.#apart.forceRelease(), await this.#amongEntries.forceRelease()];
    return released.includes(true);
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return (await this.#apart.refresh(owner, ttl)) || this.#amongEntries.refresh(owner, ttl);
  }

  async holder(): Promise<LockHolder | undefined> {
    return (await this.#apart.holder()) ?? this.#amongEntries.holder();
  }

  async waiters(): Promise<readonly Waiter[]> {
    return this.#apart.waiters();
  }

  async startWaiting(owner: string): Promise<Waiting> {
    return this.#apart.startWaiting(owner);
  }
}
