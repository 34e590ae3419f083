import { setTimeout as sleep } from 'node:timers/promises';

import type { Waiting } from '../contract/locks.js';
import type { Lock, LockHolder, Ttl } from '../contract/store.js';

import { type CachectlError, isPassing, UnansweredError } from '../../errors.js';

/** The first pause between two tries, in milliseconds; each is longer than the last. */
const FIRST_PAUSE = 5;
const GROWTH = 1.6;

/** The longest pause where nobody tells us anything, in milliseconds: what Laravel sleeps between any two tries. */
export const LONGEST_PAUSE = 250;

/** Pauses between two tries to reach a server that was lost, in milliseconds. */
const FIRST_RETRY = 100;
const LONGEST_RETRY = 1000;

export interface WaitOptions {
  readonly owner: string;
  /** Whether the owner was made up for this, so that a lock that it holds was acquired here. */
  readonly isOwnerNew?: boolean;
  /** How long the lock is to be held, in seconds. */
  readonly ttl: Ttl;
  /** How long to try, in seconds. 0: one attempt. */
  readonly wait: number;
  /** Gives up waiting; nothing is acquired after it. */
  readonly signal: AbortSignal;
  /** Gives up the connections to a server that was lost while waiting (`Store.reconnect`). */
  readonly reconnect?: (() => Promise<void>) | undefined;
  /** Told once for each outage. */
  readonly onLost?: (why: CachectlError) => void;
}

/** What of a lock is needed to wait for it. */
export type WaitedLock = Pick<Lock, 'acquire' | 'holder' | 'release' | 'startWaiting'>;

/**
 * Tries to acquire until it succeeds or the time is over. A server that answered once may go away meanwhile: it is tried
 * again until the time is over.
 * @throws what is no passing failure, a failure of the first attempt, and one that lasts until the time is over
 */
export async function acquireWithin(lock: WaitedLock, options: WaitOptions): Promise<boolean> {
  return new Acquisition(lock, options).run();
}

class Acquisition {
  readonly #lock: WaitedLock;
  readonly #options: WaitOptions;
  readonly #deadline: number;
  /** What came in place of an answer: the lock may have been acquired all the same. */
  #unanswered: CachectlError | undefined;
  /** That whether it acquired the lock cannot be found out. */
  #unsettled: CachectlError | undefined;
  #isLost = false;

  constructor(lock: WaitedLock, options: WaitOptions) {
    this.#lock = lock;
    this.#options = options;
    this.#deadline = performance.now() + options.wait * 1000;
  }

  async run(): Promise<boolean> {
    const { wait, signal } = this.#options;
    if (await this.#attempt()) return true;
    if (wait === 0) return false;
    let retry = FIRST_RETRY;
    while (!signal.aborted) {
      try {
        return await this.#wait();
      } catch (error) {
        if (!isPassing(error) || error === this.#unsettled) throw error;
        if (!this.#isLost) retry = FIRST_RETRY;
        await this.#outlast(error, retry);
        retry = Math.min(2 * retry, LONGEST_RETRY);
      }
    }

    await this.#undo();
    return false;
  }

  /** Until the server is worth another try. @throws the failure, when the time is over */
  async #outlast(error: CachectlError, milliseconds: number): Promise<void> {
    const { signal, reconnect, onLost } = this.#options;
    this.#unanswered = error;
    if (!this.#isLost && !signal.aborted) onLost?.(error);
    this.#isLost = true;
    const left = this.#deadline - performance.now();
    if (left > 0) await pause(Math.min(milliseconds * (0.5 + Math.random()), left), signal);
    await reconnect?.();
    if (signal.aborted || left > 0) return;
    await this.#undo();
    throw error;
  }

  async #wait(): Promise<boolean> {
    const { owner, signal } = this.#options;
    if (this.#unanswered !== undefined) await this.#settle();
    let waiting = await startWaiting(this.#lock, owner);
    const pauses = new Pauses(async () => this.#holder());
    try {
      // It may have been let go before we began to listen.
      while (!signal.aborted) {
        if (await this.#attempt()) return true;
        const left = this.#deadline - performance.now();
        if (left <= 0 || signal.aborted) return false;
        await pauses.next(waiting, left, signal);
        if (waiting.isLost !== true) continue;
        await waiting.end();
        waiting = await startWaiting(this.#lock, owner);
      }
    } finally {
      await waiting.end();
    }

    return false;
  }

  async #attempt(): Promise<boolean> {
    const { owner, ttl, signal } = this.#options;
    const isAcquired = await this.#lock.acquire(owner, ttl);
    this.#isLost = false;
    if (!isAcquired) return false;
    if (!signal.aborted) return true;
    await this.#lock.release(owner);
    return false;
  }

  /** What was sent before the outage may be done after it. */
  async #holder(): Promise<LockHolder | undefined> {
    const holder = await this.#lock.holder();
    if (this.#unanswered === undefined || holder?.owner !== this.#options.owner) return holder;
    await this.#settle();
    return undefined;
  }

  /**
   * An attempt that was not answered may have acquired the lock: it is given back, and tried for anew. An owner that was
   * not made up may hold it from before.
   */
  async #settle(): Promise<void> {
    const { owner, isOwnerNew } = this.#options;
    if (isOwnerNew === true) await this.#lock.release(owner);
    else if ((await this.#lock.holder())?.owner === owner) {
      const { message, hint } = this.#unanswered!;
      this.#unsettled = new UnansweredError(message, hint, { cause: this.#unanswered });
      throw this.#unsettled;
    }
  }

  /** As far as the server can be reached. */
  async #undo(): Promise<void> {
    const { owner, isOwnerNew } = this.#options;
    if (this.#unanswered !== undefined && isOwnerNew === true) await this.#lock.release(owner).catch(() => false);
  }
}

/** For how long to be still between two tries. */
class Pauses {
  readonly #holder: () => Promise<LockHolder | undefined>;
  #pause = FIRST_PAUSE;
  /** When the holder's ttl is over, by performance.now(), as it stood when we asked; Infinity where nobody tells. */
  #endsAt = 0;

  constructor(holder: () => Promise<LockHolder | undefined>) {
    this.#holder = holder;
  }

  /** Until trying again is worth it, for `longest` milliseconds at the most. */
  async next(waiting: Waiting, longest: number, signal: AbortSignal): Promise<void> {
    if (performance.now() >= this.#endsAt) await this.#askForEnd();
    const untilEnd = Math.max(1, this.#endsAt - performance.now());
    const milliseconds = this.#pause * (0.5 + Math.random());
    const isNews = await waiting.news(Math.min(milliseconds, untilEnd, longest), signal);
    this.#pause = isNews ? FIRST_PAUSE : Math.min(this.#pause * GROWTH, waiting.longestPause);
    // Whoever gets it before us is another holder.
    if (isNews) this.#endsAt = 0;
  }

  /** A holder that keeps its lock by refreshing it has us ask again when the end that we knew is there. */
  async #askForEnd(): Promise<void> {
    const askedAt = performance.now();
    const holder = await this.#holder();
    if (holder === undefined) this.#endsAt = askedAt;
    else this.#endsAt = holder.leftMs === undefined ? Infinity : askedAt + holder.leftMs + 1;
  }
}

/** The place of a waiter, also where a lock has none. */
export async function startWaiting(lock: Pick<Lock, 'startWaiting'>, owner: string): Promise<Waiting> {
  return (await lock.startWaiting?.(owner)) ?? WITHOUT_NEWS;
}

const WITHOUT_NEWS: Waiting = {
  longestPause: LONGEST_PAUSE,
  news: pause,
  async end() {
    // Nobody knew of us.
  },
};

/** Is over after so many milliseconds, or with the signal; there is never news. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<false> {
  await sleep(Math.max(0, milliseconds), undefined, { signal }).catch(() => {
    // Aborted: the caller looks at the signal.
  });
  return false;
}
