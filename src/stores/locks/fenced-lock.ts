import type { Waiter, Waiting } from '../contract/locks.js';
import type { Lock, LockHolder, Store, Ttl } from '../contract/store.js';

import { integer } from '../../codecs/value.js';
import { startWaiting } from './wait.js';

/** The entry that counts a lock's acquisitions. */
export function fenceKey(name: string): string {
  return `cachectl:fence:${name}`;
}

/**
 * A lock of which each acquisition has a number that is greater than all before it, so that whoever is written to can refuse
 * a holder that slept past its ttl. The number is taken after the lock, and then the lock is looked at again: who lost it in
 * between has taken a number for nothing, but none that is greater than the next holder's.
 */
export class FencedLock implements Lock {
  readonly #store: Store;
  readonly #name: string;
  readonly #lock: Lock;
  #fence: bigint | undefined;

  constructor(store: Store, name: string, lock: Lock) {
    this.#store = store;
    this.#name = name;
    this.#lock = lock;
  }

  /** Of the last acquisition. */
  get fence(): bigint | undefined {
    return this.#fence;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    if (!(await this.#lock.acquire(owner, ttl))) return false;
    try {
      this.#fence = await nextFence(this.#store, this.#name);
    } catch (error) {
      // What went wrong here is what is told.
      await this.#lock.release(owner).catch(() => false);
      throw error;
    }

    return this.#lock.refresh(owner, ttl);
  }

  async release(owner: string): Promise<boolean> {
    return this.#lock.release(owner);
  }

  async forceRelease(): Promise<boolean> {
    return this.#lock.forceRelease();
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return this.#lock.refresh(owner, ttl);
  }

  async holder(): Promise<LockHolder | undefined> {
    return this.#lock.holder();
  }

  async waiters(): Promise<readonly Waiter[]> {
    return (await this.#lock.waiters?.()) ?? [];
  }

  async startWaiting(owner: string): Promise<Waiting> {
    return startWaiting(this.#lock, owner);
  }
}

/**
 * Counts on. A count that is not there, because it is the first or because the cache was flushed or evicted it, begins at
 * the time in milliseconds, by the server's clock where it has one, since those of hosts differ: nobody acquires a lock a thousand times a second, so that is greater than all before it. It is made
 * before it is counted: of several that find none (of one lock's slots), each would add the time.
 */
async function nextFence(store: Store, name: string): Promise<bigint> {
  const key = fenceKey(name);
  const now = BigInt((await store.serverTime?.()) ?? Date.now());
  await store.add(key, integer(now), null);
  const fence = await store.increment(key, 1n);
  return fence >= LEAST ? fence : store.increment(key, now);
}

/** Less has not begun at a time: 2001, in milliseconds. */
const LEAST = 1_000_000_000_000n;
