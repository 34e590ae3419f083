import type { Waiting } from '../contract/locks.js';
import type { Lock, LockHolder, Ttl } from '../contract/store.js';

import { pause } from '../../async.js';
import { MAX_PAUSE } from './wait.js';

/** How many slots to subscribe to. */
const MAX_SUBSCRIBED = 8;

/**
 * Several locks that act as one lock with several holders, like Laravel's funnel: NAME1 to NAMEn. Once acquired, it is
 * one of them.
 */
export class LockSlots implements Lock {
  readonly #slots: readonly Lock[];
  /** The acquired slot, from 1. Undefined before. */
  number: number | undefined;

  constructor(slots: readonly Lock[]) {
    this.#slots = slots;
  }

  async acquire(owner: string, ttl: Ttl): Promise<boolean> {
    for (const [index, slot] of this.#slots.entries()) {
      if (!(await slot.acquire(owner, ttl))) continue;
      this.number = index + 1;
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

  /** If all slots are held, the holder whose TTL ends first. */
  async holder(): Promise<LockHolder | undefined> {
    const holders = await Promise.all(this.#slots.map(async (slot) => slot.holder()));
    if (holders.includes(undefined)) return undefined;
    return holders.toSorted((one, other) => msLeft(one) - msLeft(other))[0];
  }

  /** Subscribes to the first slots. Polling covers the others. */
  async startWaiting(owner: string): Promise<Waiting> {
    const first = this.#slots.slice(0, MAX_SUBSCRIBED);
    const places = await Promise.all(first.map(async (slot) => slot.startWaiting?.(owner)));
    return new WaitingForAny(places.filter((place) => place !== undefined));
  }

  async #heldBy(owner: string): Promise<Lock | undefined> {
    if (this.number !== undefined) return this.#slots[this.number - 1];
    for (const slot of this.#slots) if ((await slot.holder())?.owner === owner) return slot;
    return undefined;
  }
}

class WaitingForAny implements Waiting {
  readonly longestPause: number;
  readonly #places: readonly Waiting[];

  constructor(places: readonly Waiting[]) {
    this.#places = places;
    this.longestPause = Math.min(MAX_PAUSE, ...places.map((place) => place.longestPause));
  }

  get isLost(): boolean {
    return this.#places.some((place) => place.isLost === true);
  }

  async news(milliseconds: number, signal: AbortSignal): Promise<boolean> {
    const enough = new AbortController();
    const either = AbortSignal.any([signal, enough.signal]);
    const isNews = await Promise.race([
      pause(milliseconds, either).then(() => false),
      ...this.#places.map(async (place) => place.news(milliseconds, either)),
    ]);
    enough.abort();
    return isNews;
  }

  async end(): Promise<void> {
    await Promise.all(this.#places.map(async (place) => place.end()));
  }
}

function msLeft(holder: LockHolder | undefined): number {
  return holder?.leftMs ?? Infinity;
}
