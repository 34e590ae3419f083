import type { Waiting } from '../contract/locks.js';
import type { Lock, LockHolder, Ttl } from '../contract/store.js';

import { pause } from '../../async.js';
import { type CachectlError, isPassing, UnansweredError } from '../../errors.js';

/** The first pause between two attempts, in milliseconds. Each pause is longer than the last. */
const FIRST_PAUSE = 5;
const GROWTH = 1.6;

/** The longest pause without notifications, in milliseconds: Laravel's poll interval. */
export const MAX_PAUSE = 250;

/** Pauses between two attempts to reconnect, in milliseconds. */
const FIRST_RETRY = 100;
const MAX_RETRY = 1000;

export interface WaitOptions {
  readonly owner: string;
  /** Whether the owner is new, so that a lock it holds was acquired here. */
  readonly isOwnerNew?: boolean;
  /** The TTL of the lock, in seconds. */
  readonly ttl: Ttl;
  /** How long to try, in seconds. 0: one attempt. */
  readonly wait: number;
  /** Aborts the wait. Nothing is acquired afterwards. */
  readonly signal: AbortSignal;
  /** Closes lost connections (`Store.reconnect`). */
  readonly reconnect?: (() => Promise<void>) | undefined;
  /** Called each time the holder is looked up, first at the start of the wait. */
  readonly onHolder?: (holder: LockHolder | undefined) => void;
  /** Called once for each outage. */
  readonly onLost?: (why: CachectlError) => void;
}

/** The members of a lock that a wait needs. */
export type WaitedLock = Pick<Lock, 'acquire' | 'holder' | 'release' | 'startWaiting'>;

/**
 * Retry until the lock is acquired or the time ends. After a first reply, it retries through an outage.
 * @throws an error that retrying cannot fix, any error of the first attempt, or an outage that lasts until the end
 */
export async function acquireWithin(lock: WaitedLock, options: WaitOptions): Promise<boolean> {
  return new Acquisition(lock, options).run();
}

class Acquisition {
  readonly #lock: WaitedLock;
  readonly #options: WaitOptions;
  readonly #deadline: number;
  /** The error of an unanswered attempt, which may have acquired the lock. */
  #unanswered: CachectlError | undefined;
  /** The error if the outcome of an attempt cannot be determined. */
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
        retry = Math.min(2 * retry, MAX_RETRY);
      }
    }

    await this.#undo();
    return false;
  }

  /** Pause until the next attempt to reconnect. @throws the error at the end of the time */
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
      // The lock may have been released before the subscription.
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

  /** The holder. A request from before the outage may take effect after it. */
  async #holder(): Promise<LockHolder | undefined> {
    const holder = await this.#lock.holder();
    if (this.#unanswered === undefined || holder?.owner !== this.#options.owner) {
      this.#options.onHolder?.(holder);
      return holder;
    }

    await this.#settle();
    return undefined;
  }

  /**
   * An unanswered attempt may have acquired the lock, so release it and try again. An owner that the user gave may have
   * held the lock before.
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

  /** Best effort, if the server can be reached. */
  async #undo(): Promise<void> {
    const { owner, isOwnerNew } = this.#options;
    if (this.#unanswered !== undefined && isOwnerNew === true) await this.#lock.release(owner).catch(() => false);
  }
}

/** The pauses between attempts. */
class Pauses {
  readonly #holder: () => Promise<LockHolder | undefined>;
  #pause = FIRST_PAUSE;
  /** The last known end of the holder's TTL, as performance.now(). Infinity if unknown. */
  #endsAt = 0;

  constructor(holder: () => Promise<LockHolder | undefined>) {
    this.#holder = holder;
  }

  /** Pause until another attempt is worthwhile, at most `longest` milliseconds. */
  async next(waiting: Waiting, longest: number, signal: AbortSignal): Promise<void> {
    if (performance.now() >= this.#endsAt) await this.#askForEnd();
    const untilEnd = Math.max(1, this.#endsAt - performance.now());
    const milliseconds = this.#pause * (0.5 + Math.random());
    const isNews = await waiting.news(Math.min(milliseconds, untilEnd, longest), signal);
    this.#pause = isNews ? FIRST_PAUSE : Math.min(this.#pause * GROWTH, waiting.longestPause);
    // If another waiter was faster, there is a new holder.
    if (isNews) this.#endsAt = 0;
  }

  /** The holder may refresh its lock, so the expiry is read again at the expected end. */
  async #askForEnd(): Promise<void> {
    const askedAt = performance.now();
    const holder = await this.#holder();
    if (holder === undefined) this.#endsAt = askedAt;
    else this.#endsAt = holder.leftMs === undefined ? Infinity : askedAt + holder.leftMs + 1;
  }
}

/** Start a wait, also for a lock without notifications. */
export async function startWaiting(lock: Pick<Lock, 'startWaiting'>, owner: string): Promise<Waiting> {
  return (await lock.startWaiting?.(owner)) ?? WITHOUT_NEWS;
}

const WITHOUT_NEWS: Waiting = {
  longestPause: MAX_PAUSE,
  async news(milliseconds, signal) {
    await pause(milliseconds, signal);
    return false;
  },
  async end() {
    // Nothing was registered.
  },
};
