import type { Waiter, Waiting } from '../contract/locks.js';
import type { Lock, LockHolder, Ttl } from '../contract/store.js';
import type { ArrayContext } from './context.js';

import { ArrayWaiting } from './lock-waiting.js';
import { expiresAfter, type LockCell, ttlOf } from './memory.js';

export class ArrayLock implements Lock {
  readonly #context: ArrayContext;
  readonly #name: string;
  readonly #waitings: Set<ArrayWaiting>;

  /** `waitings` are those of the store. */
  constructor(context: ArrayContext, name: string, waitings: Set<ArrayWaiting>) {
    this.#context = context;
    this.#name = context.prefix + name;
    this.#waitings = waitings;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    const { memory } = this.#context;
    for (const waiting of this.#waitings) waiting.tried(this.#name, owner);
    return memory.acquire(this.#name, { owner, expires: expiresAfter(ttl) });
  }

  async release(owner: string): Promise<boolean> {
    const { memory } = this.#context;
    return memory.holder(this.#name)?.owner === owner && memory.letGo(this.#name);
  }

  async forceRelease(): Promise<boolean> {
    return this.#context.memory.letGo(this.#name);
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    const { memory } = this.#context;
    if (memory.holder(this.#name)?.owner !== owner) return false;
    memory.locks.set(this.#name, { owner, expires: expiresAfter(ttl) });
    return true;
  }

  async holder(): Promise<LockHolder | undefined> {
    const cell = this.#context.memory.holder(this.#name);
    return cell && holderOf(cell);
  }

  async waiters(): Promise<readonly Waiter[]> {
    const waiting = [...this.#context.memory.waiters].filter(({ name }) => name === this.#name);
    return waiting.map(({ waiter }) => waiter);
  }

  async startWaiting(owner: string): Promise<Waiting> {
    const left = (ended: ArrayWaiting): boolean => this.#waitings.delete(ended);
    const waiting = new ArrayWaiting(this.#context.memory, this.#name, owner, left);
    this.#waitings.add(waiting);
    return waiting;
  }
}

/** Of a lock that is held. */
export function holderOf(cell: LockCell): LockHolder {
  const { owner, expires } = cell;
  if (expires === null) return { owner, ttl: null };
  return { owner, ttl: ttlOf(cell), leftMs: Math.max(1, expires - Date.now()) };
}
