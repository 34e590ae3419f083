import type { LockEvent, Waiter } from '../contract/locks.js';
import type { LockHolder, Store } from '../contract/store.js';

/** The poll interval, in milliseconds. */
export const POLL_MS = 50;

/** Tolerance when comparing expiry times, in milliseconds: TTLs in whole seconds jitter by 1 s. */
const COARSE_MS = 1000;
const FINE_MS = 2 * POLL_MS;

/** Polls a lock and reports what changed. Changes between two polls are not seen. */
export class PolledLock {
  readonly #store: Pick<Store, 'lock'>;
  readonly #name: string;
  readonly #attempts = new Map<string, number>();
  #seen: Seen | undefined;
  #hasBegun = false;

  constructor(store: Pick<Store, 'lock'>, name: string) {
    this.#store = store;
    this.#name = name;
  }

  /** Return the changes since the last poll; at first, the holder. */
  async poll(): Promise<LockEvent[]> {
    const lock = this.#store.lock(this.#name);
    const asked = Date.now();
    const [holder, waiters = []] = await Promise.all([lock.holder(), lock.waiters?.()]);
    const time = new Date();
    const before = this.#seen;
    const now = holder && {
      ...holder,
      endsFrom: endOf(holder, asked),
      endsAt: endOf(holder, time.getTime()),
      slack: slackOf(holder),
    };
    const state = this.#difference(before, now, time);
    const isSame = before?.owner === now?.owner && state.length === 0;
    const known = isSame ? before : undefined;
    this.#seen = now && {
      ...now,
      isOverFrom: Math.max(known?.isOverFrom ?? -Infinity, now.endsFrom),
      isOverBy: Math.min(known?.isOverBy ?? Infinity, now.endsAt),
    };
    this.#hasBegun = true;
    return [...state, ...this.#contended(waiters, time)];
  }

  #difference(before: Seen | undefined, now: PolledState | undefined, time: Date): LockEvent[] {
    const name = this.#name;
    if (before?.owner === now?.owner) {
      // The same owner: nothing happened, unless its TTL grew.
      const isRefreshed = before !== undefined && now !== undefined && now.endsFrom > before.endsAt + now.slack;
      return isRefreshed ? [{ time, type: 'refreshed', name, ...about(now) }] : [];
    }

    const events: LockEvent[] = [];
    if (before !== undefined) {
      const expiry = Math.min(before.isOverFrom, before.isOverBy);
      const end = time.getTime() >= expiry - before.slack ? 'expired' : 'released';
      events.push({ time, type: end, name, owner: before.owner });
    }

    const type = this.#hasBegun ? 'acquired' : 'held';
    if (now !== undefined) events.push({ time, type, name, ...about(now) });
    return events;
  }

  #contended(waiters: readonly Waiter[], time: Date): LockEvent[] {
    return waiters.flatMap((waiter) => {
      const { owner, address, name: client, attempts = 1 } = waiter;
      const id = `${owner} ${address} ${client}`;
      const more = attempts - (this.#attempts.get(id) ?? 0);
      this.#attempts.set(id, attempts);
      if (more <= 0) return [];
      return [
        {
          time,
          type: 'contended',
          name: this.#name,
          ...(owner !== undefined && { owner }),
          client: { ...(address !== undefined && { address }), ...(client !== undefined && { name: client }) },
          attempts: more,
        } satisfies LockEvent,
      ];
    });
  }
}

interface PolledState extends LockHolder {
  /** The earliest expiry by this poll, because the reply may have taken time. */
  readonly endsFrom: number;
  /** The latest expiry by this poll. Unix time in milliseconds; Infinity if it never expires or is unknown. */
  readonly endsAt: number;
  /** In milliseconds. */
  readonly slack: number;
}

interface Seen extends PolledState {
  /** The earliest expiry by all polls: an answer may have waited until its TTL was out of date. */
  readonly isOverFrom: number;
  /**
   * The latest expiry by all polls since the lock was acquired or refreshed. A server that counts whole seconds may
   * skip one.
   */
  readonly isOverBy: number;
}

function about({ owner, ttl }: LockHolder): Pick<LockEvent, 'owner' | 'ttl'> {
  return { owner, ...(ttl !== undefined && { ttl }) };
}

function endOf({ ttl, leftMs }: LockHolder, at: number): number {
  if (leftMs !== undefined) return at + leftMs;
  return ttl === null || ttl === undefined ? Infinity : at + ttl * 1000;
}

function slackOf({ leftMs }: LockHolder): number {
  return leftMs === undefined ? COARSE_MS : FINE_MS;
}
