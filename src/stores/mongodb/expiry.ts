import type { Ttl } from '../contract/store.js';

/** Laravel's "forever" in a date field: ten years, in seconds. */
const FOREVER = 315_360_000;

/** Reads as never, up to five years after the write. No other TTL is that long. */
const READS_AS_FOREVER = FOREVER / 2;

/** JavaScript's last date, in milliseconds; BSON has later ones. */
const LAST = 8.64e15;

/** The `expires_at` of an entry or lock written at `at`, in milliseconds. */
export function expiresAt(ttl: Ttl, at: number): Date {
  return new Date(Math.min(at + (ttl ?? FOREVER) * 1000, LAST));
}

/** A condition on `expires_at`: live at `at`, in milliseconds. */
export function later(at: number) {
  return { $gt: new Date(at) };
}

/** The opposite: expired or not a date. */
export function notLater(at: number) {
  return { $not: later(at) };
}

/** A filter for documents of a cache, expired or not. An array of dates matches by its content. */
export const DATED = { expires_at: { $type: 'date' } } as const;

/** A filter for all others, which a cache neither counts nor removes. */
export const UNDATED = { expires_at: { $not: { $type: 'date' } } } as const;

/**
 * Seconds left at `at`, in milliseconds. Undefined if it is not a date, such as an array of dates, which filters
 * match.
 */
export function ttlOf(expiry: unknown, at: number): Ttl | undefined {
  if (!(expiry instanceof Date)) return undefined;
  const left = Math.max(1, Math.ceil((timeOf(expiry) - at) / 1000));
  return left > READS_AS_FOREVER ? null : left;
}

/** Whether a document with this `expires_at` is live at `at`, in milliseconds. Anything but a date is not. */
export function isLive(expiry: unknown, at: number): boolean {
  return expiry instanceof Date && timeOf(expiry) > at;
}

/** A BSON date beyond JavaScript's range. */
function timeOf(date: Date): number {
  const time = date.getTime();
  return Number.isNaN(time) ? LAST : time;
}
