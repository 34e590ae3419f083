import { setTimeout as sleep } from 'node:timers/promises';

import type { Lock, Ttl } from './contract.js';

const FIRST_DELAY_MS = 5;
const LONGEST_DELAY_MS = 250;
const GROWTH = 1.6;

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
 * Tries to acquire until it succeeds or the time is over. Tries often at first, then less often, with chance in it so
 * that many waiters do not try in step; the longest pause is short enough to stand in for the holder's ttl.
 */
export async function acquireWithin(
  lock: Pick<Lock, 'acquire' | 'release'>,
  { owner, ttl, wait, signal }: WaitOptions,
): Promise<boolean> {
  const deadline = performance.now() + wait * 1000;
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * GROWTH, LONGEST_DELAY_MS)) {
    if (await lock.acquire(owner, ttl)) {
      if (!signal.aborted) return true;
      await lock.release(owner);
      return false;
    }

    const left = deadline - performance.now();
    if (left <= 0 || signal.aborted) return false;
    await pause(Math.min(delay * (0.5 + Math.random()), left), signal);
    if (signal.aborted) return false;
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    // Aborted: the caller looks at the signal.
  });
}
