import type { LockHolder, Ttl } from '../contract/store.js';
import type { EntryLock } from '../locks/either-lock.js';
import type { ArrayContext } from './context.js';

import { keyFromBytes } from '../entries/key-text.js';
import { holderOf } from './locks.js';
import { type EntryCell, expiresAfter, type Memory } from './memory.js';

/** A lock among the entries, as Laravel's scheduler adds it: the owner is what the entry holds. */
export class ArrayMutex implements EntryLock {
  readonly #memory: Memory;
  readonly #key: string;

  constructor({ memory, prefix }: ArrayContext, name: string) {
    this.#memory = memory;
    this.#key = prefix + name;
  }

  async release(owner: string): Promise<boolean> {
    return this.#isHeldBy(owner) && this.forceRelease();
  }

  async forceRelease(): Promise<boolean> {
    return this.#memory.remove(this.#key) !== undefined;
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return this.#isHeldBy(owner) && this.#memory.touch(this.#key, expiresAfter(ttl));
  }

  async holder(): Promise<LockHolder | undefined> {
    const cell = this.#memory.live(this.#key);
    return cell && holderOf({ owner: mutexOwner(cell), expires: cell.expires });
  }

  #isHeldBy(owner: string): boolean {
    const cell = this.#memory.live(this.#key);
    return cell !== undefined && mutexOwner(cell) === owner;
  }
}

/** What an entry that is a lock says of its owner. */
export function mutexOwner({ stored }: EntryCell): string {
  return keyFromBytes(stored);
}
