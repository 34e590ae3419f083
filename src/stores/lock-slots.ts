import type { Lock, LockHolder, Ttl } from './contract.js';

/**
 * Several locks that stand for one with as many holders, as Laravel's funnel has them: NAME1 to NAMEn. Once acquired, it is
 * the slot that was free.
 */
export class LockSlots implements Lock {
  readonly #slots: readonly Lock[];
  #taken: Lock | undefined;

  constructor(slots: readonly Lock[]) {
    this.#slots = slots;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    for (const slot of this.#slots) {
      if (!(await slot.acquire(owner, ttl))) continue;
      this.#taken = slot;
      return true;
    }

    return false;
  }

  async release(owner: string): Promise<boolean> {
    return (await this.#heldBy(owner))?.release(owner) ?? false;
  }

  async forceRelease(): Promise<boolean> {
    const released = await Promise.all(this.#slots.map(async (slot) => slot.forceRelease()));
    return released.includes(true);
  }

  async refresh(owner: string, ttl: Ttl): Promise<boolean> {
    return (await this.#heldBy(owner))?.refresh(owner, ttl) ?? false;
  }

  /** The first slot's, when all are taken. */
  async holder(): Promise<LockHolder | undefined> {
    const holders = await Promise.all(this.#slots.map(async (slot) => slot.holder()));
    return holders.includes(undefined) ? undefined : holders[0];
  }

  async #heldBy(owner: string): Promise<Lock | undefined> {
    if (this.#taken !== undefined) return this.#taken;
    for (const slot of this.#slots) if ((await slot.holder())?.owner === owner) return slot;
    return undefined;
  }
}
