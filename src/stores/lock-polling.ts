import type { LockHolder, Store } from './contract.js';
import type { LockEvent, LockEventType, LockStream, Waiter, WatchLocksOptions } from './lock-contract.js';

import { UnsupportedError } from '../errors.js';
import { pause } from './lock-wait.js';

/** How often each lock is looked at, in milliseconds. */
const LOOK_MS = 50;

/** By how much the end of a lock may seem to move though nothing happened, in milliseconds: what is told in whole seconds, a second. */
const COARSE_MS = 1000;
const FINE_MS = 2 * LOOK_MS;

/**
 * What happens to locks, as the server tells it, or else as it can be seen by looking again and again.
 * @throws UnsupportedError where the store has no locks
 */
export async function watchLocks(
  store: Store,
  names: readonly string[],
  options: WatchLocksOptions,
): Promise<LockStream> {
  if (!store.capabilities.locks) {
    throw new UnsupportedError(`the ${store.driver} store has no locks`, 'Use a profile of another store.');
  }

  if (store.watchLocks) return store.watchLocks(names, options);
  const looks = new Looks(store, names, options.signal);
  await looks.begin();
  return looks;
}

/** Two states of a lock are compared; what lies between two looks is not seen. */
class Looks implements LockStream {
  readonly source: string;
  readonly types: readonly LockEventType[];
  readonly #watched: readonly Watched[];
  readonly #signal: AbortSignal;
  #first: readonly LockEvent[] = [];

  constructor(store: Store, names: readonly string[], signal: AbortSignal) {
    this.#watched = names.map((name) => new Watched(store, name));
    this.#signal = signal;
    const knowsWaiters = names.some((name) => store.lock(name).waiters !== undefined);
    const waiters = knowsWaiters ? 'waiters are those of cachectl' : 'who waits is not told';
    this.source = `looking at the lock every ${LOOK_MS} ms; what comes and goes in between is missed, and ${waiters}`;
    this.types = [
      'held',
      'acquired',
      'refreshed',
      'released',
      'expired',
      ...(knowsWaiters ? (['contended'] as const) : []),
    ];
  }

  async begin(): Promise<void> {
    const first = await this.#look();
    this.#first = first.map((event) => (event.type === 'acquired' ? { ...event, type: 'held' } : event));
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LockEvent> {
    yield* this.#first;
    while (!this.#signal.aborted) {
      await pause(LOOK_MS, this.#signal);
      if (!this.#signal.aborted) yield* await this.#look();
    }
  }

  async #look(): Promise<readonly LockEvent[]> {
    const events = await Promise.all(this.#watched.map(async (each) => each.look()));
    return events.flat();
  }
}

interface Seen extends LockHolder {
  /** Unix time in milliseconds; Infinity when it never expires or nobody tells. */
  readonly endsAt: number;
  /** In milliseconds. */
  readonly slack: number;
}

class Watched {
  readonly #store: Store;
  readonly #name: string;
  readonly #attempts = new Map<string, number>();
  #seen: Seen | undefined;

  constructor(store: Store, name: string) {
    this.#store = store;
    this.#name = name;
  }

  async look(): Promise<LockEvent[]> {
    const lock = this.#store.lock(this.#name);
    const [holder, waiters = []] = await Promise.all([lock.holder(), lock.waiters?.()]);
    const time = new Date();
    const before = this.#seen;
    const now = holder && { ...holder, endsAt: endOf(holder, time), slack: slackOf(holder) };
    this.#seen = now;
    const state = this.#difference(before, now, time);
    return [...state, ...this.#contended(waiters, time)];
  }

  #difference(before: Seen | undefined, now: Seen | undefined, time: Date): LockEvent[] {
    const name = this.#name;
    if (before?.owner === now?.owner) {
      // Of the same owner: nothing happened, unless it has longer than it had.
      const isRefreshed = before !== undefined && now !== undefined && now.endsAt > before.endsAt + now.slack;
      return isRefreshed ? [{ time, type: 'refreshed', name, ...about(now) }] : [];
    }

    const events: LockEvent[] = [];
    if (before !== undefined) {
      const type = time.getTime() >= before.endsAt - before.slack ? 'expired' : 'released';
      events.push({ time, type, name, owner: before.owner });
    }

    if (now !== undefined) events.push({ time, type: 'acquired', name, ...about(now) });
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

function about({ owner, ttl }: LockHolder): Pick<LockEvent, 'owner' | 'ttl'> {
  return { owner, ...(ttl !== undefined && { ttl }) };
}

function endOf({ ttl, leftMs }: LockHolder, at: Date): number {
  if (leftMs !== undefined) return at.getTime() + leftMs;
  return ttl === null || ttl === undefined ? Infinity : at.getTime() + ttl * 1000;
}

function slackOf({ leftMs }: LockHolder): number {
  return leftMs === undefined ? COARSE_MS : FINE_MS;
}
