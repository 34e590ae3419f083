import type { LockEvent, LockEventType, LockStream, WatchLocksOptions } from '../contract/locks.js';
import type { Store } from '../contract/store.js';

import { UnsupportedError } from '../../errors.js';
import { LockLooks, LOOK_MS } from './polled-diff.js';
import { pause } from './wait.js';

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

class Looks implements LockStream {
  readonly source: string;
  readonly types: readonly LockEventType[];
  readonly #watched: readonly LockLooks[];
  readonly #signal: AbortSignal;
  #first: readonly LockEvent[] = [];

  constructor(store: Store, names: readonly string[], signal: AbortSignal) {
    this.#watched = names.map((name) => new LockLooks(store, name));
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
    this.#first = await this.#look();
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
