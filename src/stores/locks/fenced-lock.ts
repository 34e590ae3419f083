import type { Waiter, Waiting } from '../contract/locks.js';
import type { Lock, LockHolder, Store, Ttl } from '../contract/store.js';

import { integer } from '../../codecs/value.js';
import { startWaiting } from './wait.js';

/** The entry that counts a lock's acquisitions. */
export function fenceKey(name: string): string {
  return `cachectl:fence:${name}`;
}

/**
 * A lock whose acquisitions have ascending numbers (fences), so that a resource can reject a holder that slept past
 * its TTL. The fence is taken after the lock, and then the lock is checked again. A holder that lost it in between
 * has a fence, but none higher than the next holder's.
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

  /** The fence of the last acquisition. */
  get fence(): bigint | undefined {
    return this.#fence;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    if (!(await this.#lock.acquire(owner, ttl))) return false;
    try {
      this.#fence = await nextFence(this.#store, this.#name);
    } catch (error) {
      // Report the original error.
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
 * Increment the fence. A missing counter (new, flushed or evicted) starts at the time in milliseconds, by the
 * server's clock if it has one, since hosts differ. Nobody acquires a lock a thousand times a second, so that is
 * higher than all before. The counter is created before it is incremented: otherwise several slots that find none
 * would each add the time.
 */
async function nextFence(store: Store, name: string): Promise<bigint> {
  const key = fenceKey(name);
  const now = BigInt((await store.serverTime?.()) ?? Date.now());
  await store.add(key, integer(now), null);
  const fence = await store.increment(key, 1n);
  return fence >= MIN_TOKEN ? fence : store.increment(key, now);
}

/** A lower counter did not start at a time: 2001, in milliseconds. */
const MIN_TOKEN = 1_000_000_000_000n;
