import type { Waiting } from '../../stores/contract/locks.js';
import type { Lock, LockHolder, Store, Ttl } from '../../stores/contract/store.js';
import type { Holding } from '../locks/held-lock.js';
import type { Remembered, Terms } from './output-cache.js';

import { newOwner } from '../../stores/locks/owner.js';
import { startWaiting, type WaitedLock } from '../../stores/locks/wait.js';
import { taggedKey } from '../../stores/tags/names.js';
import { LockPair } from '../locks/lock-pair.js';

/** In seconds: how soon another goes on where a machine died. That a lock is lost has the command run twice, and no more. */
export const LOCK_TTL = 5;

/** Who holds it runs the command; of one entry, within its tags. */
export function runLock(store: Store, { key, tags }: Terms): Lock {
  return store.lock(`cachectl:remember:${tags === undefined ? key : taggedKey(tags, key)}`);
}

/**
 * Laravel's, whose holder recomputes an output while the stale one is served. Within tags Laravel names it after the key
 * alone up to 13.17, and after the key within the tags since: both are taken, so that either version is kept out.
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

/** A lock that is as good as acquired when what its holder makes is there. */
export class LockOrOutput implements WaitedLock {
  /** What was there, if it was; the lock is not held then. */
  found: Remembered | undefined;
  /** When the lock was asked for, by performance.now(). */
  at = 0;
  readonly #lock: Lock;
  readonly #look: () => Promise<Remembered | undefined>;
  #isWaiting = false;

  /** @param look for what will do in place of running the command */
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

    // Whoever had it before us may have been done just now.
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
