import type { CachectlError } from '../../errors.js';
import type { LockEvent, LockEventType, LockStream, WatchLocksOptions } from '../contract/locks.js';
import type { Store } from '../contract/store.js';

import { pause } from '../../async.js';
import { unsupported } from '../contract/operations.js';
import { EventQueue } from '../events/queue.js';
import { type Feed, openTail, type Session } from '../events/resuming-tail.js';
import { LockLooks, LOOK_MS } from './polled-diff.js';

/** The kind of events that a gap of a lock watch may have lost. */
export const LOCK_EVENTS = 'lock events';

/**
 * Watch locks through the server's events if it has them, otherwise by polling.
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
    names.map((name) => new LockLooks(store, name)),
    (event) => queue.push(event),
  );
  const feed: Feed = {
    subject: LOCK_EVENTS,
    async open() {
      await polls.look();
      return polls;
    },
  };
  const knowsWaiters = names.some((name) => store.lock(name).waiters !== undefined);
  const waiters = knowsWaiters ? 'waiters are those of cachectl' : 'who waits is not told';
  const types: readonly LockEventType[] = ['held', 'acquired', 'refreshed', 'released', 'expired'];
  return openTail([feed], queue, options, () => ({
    source: `looking at the lock every ${LOOK_MS} ms; what comes and goes in between is missed, and ${waiters}`,
    types: knowsWaiters ? [...types, 'contended'] : types,
  }));
}

/** Polled locks. The first poll after a gap finds what changed during it. */
export class LockPolls implements Session {
  readonly #locks: readonly LockLooks[];
  readonly #report: (event: LockEvent) => void;
  #heardAt = new Date();

  constructor(locks: readonly LockLooks[], report: (event: LockEvent) => void) {
    this.#locks = locks;
    this.#report = report;
  }

  get heardAt(): Date {
    return this.#heardAt;
  }

  async look(): Promise<void> {
    const begun = new Date();
    const events = await Promise.all(this.#locks.map(async (lock) => lock.look()));
    for (const event of events.flat()) this.#report(event);
    this.#heardAt = begun;
  }

  async run(signal: AbortSignal): Promise<CachectlError | undefined> {
    try {
      for (;;) {
        await pause(LOOK_MS, signal);
        if (signal.aborted) return undefined;
        await this.look();
      }
    } catch (error) {
      if (signal.aborted) return error as CachectlError;
      throw error;
    }
  }
}
