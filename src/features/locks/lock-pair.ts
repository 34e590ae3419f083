import type { Lock, LockHolder, Ttl } from '../../stores/contract/store.js';

/** Two locks that are held together or not at all. The second is looked up on demand and may not exist. */
export class LockPair implements Lock {
  readonly #first: Lock;
  readonly #findSecond: () => Promise<Lock | undefined>;
  #second: Promise<Lock | undefined> | undefined;

  constructor(first: Lock, findSecond: () => Promise<Lock | undefined>) {
    this.#first = first;
    this.#findSecond = findSecond;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    if (!(await this.#first.acquire(owner, ttl))) return false;
    try {
      const second = await this.#other();
      if (second === undefined || (await second.acquire(owner, ttl))) return true;
    } catch (error) {
      await this.release(owner).catch(() => false);
      throw error;
    }

    await this.#first.release(owner);
    return false;
  }

  async release(owner: string): Promise<boolean> {
    return this.#both(async (lock) => lock.release(owner));
  }

  async forceRelease(): Promise<boolean> {
    return this.#both(async (lock) => lock.forceRelease());
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return this.#both(async (lock) => lock.refresh(owner, ttl));
  }

  async holder(): Promise<LockHolder | undefined> {
    const second = await this.#other();
    return (await this.#first.holder()) ?? second?.holder();
  }

  /** A failure of one does not prevent the other. */
  async #both(work: (lock: Lock) => Promise<boolean>): Promise<boolean> {
    const first = work(this.#first);
    const second = this.#other().then(async (lock) => lock === undefined || work(lock));
    const outcomes = await Promise.allSettled([first, second]);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return outcomes.every((outcome) => outcome.status === 'fulfilled' && outcome.value);
  }

  async #other(): Promise<Lock | undefined> {
    this.#second ??= this.#findSecond();
    return this.#second;
  }
}
