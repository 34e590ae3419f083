import { setTimeout as sleep } from 'node:timers/promises';

import type { Lock, Ttl } from './contract.js';
import type { Waiting } from './lock-contract.js';

/** The first pause between two tries, in milliseconds; each is longer than the last. */
const FIRST_PAUSE = 5;
const GROWTH = 1.6;

/** The longest pause where nobody tells us anything, in milliseconds: what Laravel sleeps between any two tries. */
export const LONGEST_PAUSE = 250;

export interface WaitOptions {
  readonly owner: string;
  /** How long the lock is to be held, in seconds. */
  readonly ttl: Ttl;
  /** How long to try, in seconds. 0: one attempt. */
  readonly wait: number;
  /** Gives up waiting; nothing is acquired after it. */
  readonly signal: AbortSignal;
}

/**
 * Tries to acquire until it succeeds or the time is over: when there is news of the lock, when its holder's ttl is over,
 * and, since neither need come, after a pause that grows. There is chance in the pauses, so that many do not try in step.
 */
export async function acquireWithin(lock: WaitedLock, options: WaitOptions): Promise<boolean> {
  const { owner, ttl, wait, signal } = options;
  const deadline = performance.now() + wait * 1000;
  const attempt = async (): Promise<boolean> => {
    if (!(await lock.acquire(owner, ttl))) return false;
    if (!signal.aborted) return true;
    await lock.release(owner);
    return false;
  };

  if (await attempt()) return true;
  if (wait === 0 || signal.aborted) return false;
  const waiting = await startWaiting(lock, owner);
  try {
    return await keepTrying(attempt, new Pauses(lock, waiting), deadline, signal);
  } finally {
    await waiting.end();
  }
}

/** What of a lock is needed to wait for it. */
export type WaitedLock = Pick<Lock, 'acquire' | 'holder' | 'release' | 'startWaiting'>;

async function keepTrying(
  attempt: () => Promise<boolean>,
  pauses: Pauses,
  deadline: number,
  signal: AbortSignal,
): Promise<boolean> {
  // It may have been let go before we began to listen.
  while (!signal.aborted) {
    if (await attempt()) return true;
    const left = deadline - performance.now();
    if (left <= 0 || signal.aborted) return false;
    await pauses.next(left, signal);
  }

  return false;
}

/** For how long to be still between two tries. */
class Pauses {
  readonly #lock: WaitedLock;
  readonly #waiting: Waiting;
  #pause = FIRST_PAUSE;
  /** When the holder's ttl is over, by performance.now(), as it stood when we asked; Infinity where nobody tells. */
  #endsAt = 0;

  constructor(lock: WaitedLock, waiting: Waiting) {
    this.#lock = lock;
    this.#waiting = waiting;
  }

  /** Until trying again is worth it, for `longest` milliseconds at the most. */
  async next(longest: number, signal: AbortSignal): Promise<void> {
    if (performance.now() >= this.#endsAt) await this.#askForEnd();
    const untilEnd = Math.max(1, this.#endsAt - performance.now());
    const pause = this.#pause * (0.5 + Math.random());
    const isNews = await this.#waiting.news(Math.min(pause, untilEnd, longest), signal);
    this.#pause = isNews ? FIRST_PAUSE : Math.min(this.#pause * GROWTH, this.#waiting.longestPause);
    // Whoever gets it before us is another holder.
    if (isNews) this.#endsAt = 0;
  }

  /** A holder that keeps its lock by refreshing it has us ask again when the end that we knew is there. */
  async #askForEnd(): Promise<void> {
    const askedAt = performance.now();
    const holder = await this.#lock.holder();
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
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    // Aborted: the caller looks at the signal.
  });
  return false;
}
