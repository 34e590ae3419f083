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

/** Parse a file. `blank`: no expiry yet, because the writer is busy or was killed. `foreign`: not a cache file. */
export function parseContent(bytes: Buffer): 'blank' | 'foreign' | Content {
  const expiry = parseExpiry(bytes);
  return typeof expiry === 'number' ? { expiry, stored: bytes.subarray(DIGITS) } : expiry;
}

/** Parse the expiry in the first ten bytes. */
export function parseExpiry(bytes: Buffer): 'blank' | 'foreign' | number {
  // An in-place change writes the expiry last, so the hole before a half-written value reads as NULs.
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

/** Unix time in whole seconds, like Laravel's. */
function now(): number {
  return Math.floor(Date.now() / 1000);
}
