import type { Ttl } from '../contract/store.js';

/** Laravel's "forever" in a field that is always a date: ten years, in seconds. */
const FOREVER = 315_360_000;

/** What Laravel wrote as forever, up to five years ago. No ttl that a person gives is as long. */
const READS_AS_FOREVER = FOREVER / 2;

/** The last date that JavaScript knows, in milliseconds; BSON knows later ones. */
const LAST = 8.64e15;

/** `expires_at` of an entry or lock that is written at a time, in milliseconds. */
export function expiresAt(ttl: Ttl, at: number): Date {
  return new Date(Math.min(at + (ttl ?? FOREVER) * 1000, LAST));
}

/** A condition on `expires_at`: counts at a time, in milliseconds. */
export function later(at: number) {
  return { $gt: new Date(at) };
}

/** Its opposite: it expired, or is no date, so that nobody counts it. */
export function notLater(at: number) {
  return { $not: later(at) };
}

/** A filter: documents of a cache, expired or not. An array of dates counts by what is in it. */
export const DATED = { expires_at: { $type: 'date' } } as const;

/** A filter: the others, which a cache neither counts nor removes. */
export const UNDATED = { expires_at: { $not: { $type: 'date' } } } as const;

/** Seconds left at a time, in milliseconds; undefined where it is no date, such as an array of dates, which filters find. */
export function ttlOf(expiry: unknown, at: number): Ttl | undefined {
  if (!(expiry instanceof Date)) return undefined;
  const left = Math.max(1, Math.ceil((timeOf(expiry) - at) / 1000));
  return left > READS_AS_FOREVER ? null : left;
}

/** Whether a document with this `expires_at` counts at a time, in milliseconds. What is no date never does. */
export function isLive(expiry: unknown, at: number): boolean {
  return expiry instanceof Date && timeOf(expiry) > at;
}

/** A date of BSON that is none of JavaScript lies beyond the last. */
function timeOf(date: Date): number {
  const time = date.getTime();
  return Number.isNaN(time) ? LAST : time;
}
