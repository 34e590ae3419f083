import type { Ttl } from '../contract/store.js';

/** Laravel's "forever" in a column that cannot be null: ten years, in seconds. */
const FOREVER = 315_360_000;

/** Longer TTLs read as forever: Laravel wrote them up to five years ago, and no one sets a real TTL this long. */
const READS_AS_FOREVER = FOREVER / 2;

/** Unix time in whole seconds, like Laravel's. */
export function now(): number {
  return secondsOf(Date.now());
}

/** Convert a Unix time from milliseconds to seconds. */
export function secondsOf(milliseconds: number): number {
  return Math.floor(milliseconds / 1000);
}

/** The `expiration` of an entry or lock that is written at Unix time `at`. */
export function expirationOf(ttl: Ttl, at: number): number {
  return at + secondsFor(ttl);
}

/** The seconds to add to the Unix time of a write. */
export function secondsFor(ttl: Ttl): number {
  return ttl === null ? FOREVER : Math.max(1, Math.ceil(ttl));
}

/**
 * The TTL that remains at Unix time `at`, in seconds.
 * @param expiration SQLite may hold text that is no number, which it takes for more than any number
 */
export function ttlOf(expiration: number, at: number): Ttl {
  const left = expiration - at;
  return left <= READS_AS_FOREVER ? left : null;
}
