import type { Waiting } from '../../stores/contract/locks.js';
import type { Lock, LockHolder, Store, Ttl } from '../../stores/contract/store.js';
import type { Holding } from '../locks/held-lock.js';
import type { Remembered, Terms } from './output-cache.js';

import { newOwner } from '../../stores/locks/owner.js';
import { startWaiting, type WaitedLock } from '../../stores/locks/wait.js';
import { taggedKey } from '../../stores/tags/names.js';
import { LockPair } from '../locks/lock-pair.js';

/**
 * In seconds: how soon another machine takes over after a crash. If the lock is lost, the command runs twice, nothing
 * worse.
 */
export const LOCK_TTL = 5;

/** The lock whose holder runs the command for an entry. */
export function runLock(store: Store, { key, tags }: Terms): Lock {
  return store.lock(`cachectl:remember:${tags === undefined ? key : taggedKey(tags, key)}`);
}

/**
 * Laravel's lock whose holder recomputes an output while the stale one is served. Within tags, Laravel up to 13.17
 * names it after the key, and later versions after the tagged key. Both are acquired to exclude either version.
 */
export function refreshLock(store: Store, { key, tags }: Terms): Lock {
  const plain = store.lock(FLEXIBLE_LOCK + key);
  if (tags === undefined) return plain;
  return new LockPair(plain, async () => {
    const within = await store.tags(tags).keyOf?.(key);
    return within === undefined ? undefined : store.lock(FLEXIBLE_LOCK + within);
  });
}

const FLEXIBLE_LOCK = 'illuminate:cache:flexible:lock:';

export function newHolding(
  lockOf: (store: Store) => Lock,
  openStore: () => Promise<Store>,
  owner: string = newOwner(),
): Holding {
  return { owner, ttl: LOCK_TTL, openStore, lockOf };
}

/** A lock that also counts as acquired once the output of its holder is stored. */
export class LockOrOutput implements WaitedLock {
  /** The stored output, if found. Then the lock is not held. */
  found: Remembered | undefined;
  /** When the lock was requested, as performance.now(). */
  at = 0;
  readonly #lock: Lock;
  readonly #look: () => Promise<Remembered | undefined>;
  #isWaiting = false;

  /** @param look finds an output that makes running the command unnecessary */
  constructor(lock: Lock, look: () => Promise<Remembered | undefined>) {
    this.#lock = lock;
    this.#look = look;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    if (this.#isWaiting) {
      this.found = await this.#look();
      if (this.found !== undefined) return true;
    }

    this.at = performance.now();
    if (!(await this.#lock.acquire(owner, ttl))) {
      this.#isWaiting = true;
      return false;
    }

    // The previous holder may have stored its output just now.
    this.found = await this.#look();
    if (this.found !== undefined) await this.#lock.release(owner);
    return true;
  }

  async release(owner: string): Promise<boolean> {
    return this.#lock.release(owner);
  }

  async holder(): Promise<LockHolder | undefined> {
    return this.#lock.holder();
  }

  async startWaiting(owner: string): Promise<Waiting> {
    return startWaiting(this.#lock, owner);
  }
}
