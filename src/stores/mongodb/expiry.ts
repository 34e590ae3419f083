import type { Ttl } from '../contract.js';

/** Laravel's "forever" in a field that is always a date: ten years, in seconds. */
const FOREVER = 315_360_000;

/** What Laravel wrote as forever, up to five years ago. No ttl that a person gives is as long. */
const READS_AS_FOREVER = FOREVER / 2;

/** `expires_at` of an entry or lock that is written at a time, in milliseconds. */
export function expiresAt(ttl: Ttl, at: number): Date {
  return new Date(at + (ttl ?? FOREVER) * 1000);
}

/** Seconds left at a time, in milliseconds. */
export function ttlOf(expiry: Date, at: number): Ttl {
  const left = Math.max(1, Math.ceil((expiry.getTime() - at) / 1000));
  return left > READS_AS_FOREVER ? null : left;
}

/**
 * Whether a document with this `expires_at` counts at a time, in milliseconds. Whatever is no date does not, as no filter on
 * dates finds it.
 */
export function isLive(expiry: unknown, at: number): boolean {
  return expiry instanceof Date && expiry.getTime() > at;
}
