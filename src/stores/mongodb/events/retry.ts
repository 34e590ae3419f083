import { MongoServerError } from 'mongodb';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { CachectlError, TimeoutError, UnreachableError } from '../../../errors.js';

/** Both in milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 5000;

/** Pauses between attempts, each twice the last. */
export class GrowingPause {
  #milliseconds = FIRST_PAUSE;

  /** Over early when the signal comes. Never throws. */
  async next(signal: AbortSignal): Promise<void> {
    const milliseconds = this.#milliseconds;
    this.#milliseconds = Math.min(2 * milliseconds, LONGEST_PAUSE);
    await pause(milliseconds, signal);
  }
}

/** Over early when the signal comes. Never throws. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal }).catch(() => {
    // The signal came.
  });
}

/** What is waited for, or undefined as soon as the signal comes; then nobody hears what becomes of it. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const settled = new AbortController();
  try {
    return await Promise.race([work, aborted(AbortSignal.any([signal, settled.signal]))]);
  } finally {
    settled.abort();
  }
}

async function aborted(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort');
  return undefined;
}

/** Codes of a member that shuts down, or is the primary no more: soon there is another one. */
const PASSING = new Set([91, 189, 10_107, 11_600, 11_602, 13_435, 13_436]);

/** Whether trying again later may help. */
export function canBeWaitedOut(error: CachectlError): boolean {
  if (error instanceof UnreachableError || error instanceof TimeoutError) return true;
  const { cause } = error;
  if (!(cause instanceof MongoServerError)) return false;
  return PASSING.has(Number(cause.code)) || cause.hasErrorLabel('ResumableChangeStreamError');
}

/**
 * BSONObjectTooLarge (a change of more than 16 MB), CappedPositionLost, CloseChangeStream, InvalidResumeToken,
 * ChangeStreamFatalError and ChangeStreamHistoryLost: going on from there fails again.
 */
const LOST_PLACE = new Set([10_334, 136, 222, 260, 280, 286]);

/** Whether a change stream can go on only anew. */
export function hasLostItsPlace({ cause }: CachectlError): boolean {
  return cause instanceof MongoServerError && LOST_PLACE.has(Number(cause.code));
}
