import type { Ttl } from '../contract/store.js';

/** Laravel's "forever" in a column that cannot be null: ten years, in seconds. */
const FOREVER = 315_360_000;

/** What Laravel wrote as forever, up to five years ago. No ttl that a person gives is as long. */
const READS_AS_FOREVER = FOREVER / 2;

/** Unix time, in whole seconds as Laravel counts them. */
export function now(): number {
  return secondsOf(Date.now());
}

/** Of a Unix time in milliseconds. */
export function secondsOf(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** The column for an entry or lock that is written at Unix time `at`. */
export function expirationOf(ttl: Ttl, at: number): number {
  return at + secondsFor(ttl);
}

/** What to add to the Unix time of a write. */
export function secondsFor(ttl: Ttl): number {
  return ttl === null ? FOREVER : Math.max(1, Math.ceil(ttl));
}

/** Seconds left at Unix time `at`. */
export function ttlOf(expiration: number, at: number): Ttl {
  const left = expiration - at;
  return left > READS_AS_FOREVER ? null : left;
}
