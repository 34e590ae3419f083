import type { Ttl } from '../contract/store.js';

/**
 * The content of a file of Laravel's `file` store: its expiry as a Unix time in ten digits, then the value
 * (Illuminate\Cache\FileStore).
 */
export interface Content {
  readonly expiry: number;
  readonly stored: Buffer;
}

/** Laravel's "forever". */
const FOREVER = 9_999_999_999;
export const DIGITS = 10;

/** `blank`: it has no expiry (yet), because its writer is not done or was killed. `foreign`: not a cache file. */
export function parseContent(bytes: Buffer): 'blank' | 'foreign' | Content {
  const expiry = parseExpiry(bytes);
  return typeof expiry === 'number' ? { expiry, stored: bytes.subarray(DIGITS) } : expiry;
}

/** The same for the first ten bytes alone. */
export function parseExpiry(bytes: Buffer): 'blank' | 'foreign' | number {
  // A change in place writes the expiry last, so the hole in front of a half-written value reads as NULs.
  if (bytes.length < DIGITS || bytes.subarray(0, DIGITS).every((byte) => byte === 0)) return 'blank';
  const digits = bytes.toString('latin1', 0, DIGITS);
  return /^\d{10}$/.test(digits) ? Number(digits) : 'foreign';
}

export function renderExpiry(expiry: number): Buffer {
  return Buffer.from(String(expiry).padStart(DIGITS, '0'));
}

export function isLive(expiry: number): boolean {
  return now() < expiry;
}

export function expiryOf(ttl: Ttl): number {
  return ttl === null ? FOREVER : Math.min(now() + Math.max(1, Math.ceil(ttl)), FOREVER);
}

export function ttlOf(expiry: number): Ttl {
  return expiry === FOREVER ? null : Math.max(1, expiry - now());
}

/** Unix time in whole seconds, as Laravel counts. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}
