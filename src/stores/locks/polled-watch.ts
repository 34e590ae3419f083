import type { CachectlError } from '../../errors.js';
import type { LockEvent, LockEventType, LockStream, WatchLocksOptions } from '../contract/locks.js';
import type { Store } from '../contract/store.js';

import { pause } from '../../async.js';
import { unsupported } from '../contract/operations.js';
import { EventQueue } from '../events/queue.js';
import { type Feed, openTail, type Session } from '../events/resuming-tail.js';
import { POLL_MS, PolledLock } from './polled-diff.js';

/** The events that a gap of a lock watch may lose. */
export const LOCK_EVENTS = 'lock events';

/**
 * Watch locks with the server's events if available, otherwise by polling.
 * @throws UnsupportedError if the store has no locks
 */
export async function watchLocks(
  store: Store,
  names: readonly string[],
  options: WatchLocksOptions,
): Promise<LockStream> {
  if (!store.supports('lock')) throw unsupported(store, 'lock');

  if (store.watchLocks) return store.watchLocks(names, options);
  const queue = new EventQueue<LockEvent>();
  const polls = new LockPolls(
    names.map((name) => new PolledLock(store, name)),
    (event) => queue.push(event),
  );
  const feed: Feed = {
    subject: LOCK_EVENTS,
    async open() {
      await polls.poll();
      return polls;
    },
  };
  const knowsWaiters = names.some((name) => store.lock(name).waiters !== undefined);
  const waiters = knowsWaiters ? 'only waiters of cachectl are reported' : 'waiters are not reported';
  const types: readonly LockEventType[] = ['held', 'acquired', 'refreshed', 'released', 'expired'];
  return openTail([feed], queue, options, () => ({
    source: `polling the lock every ${POLL_MS} ms; changes in between are missed, and ${waiters}`,
    types: knowsWaiters ? [...types, 'contended'] : types,
  }));
}

/** Polls several locks. The first poll after a gap finds what changed during it. */
export class LockPolls implements Session {
  readonly #locks: readonly PolledLock[];
  readonly #report: (event: LockEvent) => void;
  #heardAt = new Date();

  constructor(locks: readonly PolledLock[], report: (event: LockEvent) => void) {
    this.#locks = locks;
    this.#report = report;
  }

  get heardAt(): Date {
    return this.#heardAt;
  }

  async poll(): Promise<void> {
    const begun = new Date();
    const events = await Promise.all(this.#locks.map(async (lock) => lock.poll()));
    for (const event of events.flat()) this.#report(event);
    this.#heardAt = begun;
  }

  async run(signal: AbortSignal): Promise<CachectlError | undefined> {
    try {
      for (;;) {
        await pause(POLL_MS, signal);
        if (signal.aborted) return undefined;
        await this.poll();
      }
    } catch (error) {
      if (signal.aborted) return error as CachectlError;
      throw error;
    }
  }
}
