// @ts-check
/** @import { Ttl } from 'cachectl' */

/**
 * The content of a file: its expiry as a Unix time in ten digits, then the value.
 * @typedef {{ readonly expiry: number, readonly stored: Buffer }} Content
 */

/** Laravel's "forever": the largest expiry that fits in ten digits. */
const FOREVER = 9_999_999_999;
const DIGITS = 10;

/**
 * Undefined if the file has no expiry: it is empty, or not a cache file.
 * @param {Buffer} bytes
 * @returns {Content | undefined}
 */
export function parse(bytes) {
  const digits = bytes.toString('latin1', 0, DIGITS);
  return /^\d{10}$/.test(digits) ? { expiry: Number(digits), stored: bytes.subarray(DIGITS) } : undefined;
}

/** @param {Content} content */
export function render({ expiry, stored }) {
  return Buffer.concat([Buffer.from(String(expiry).padStart(DIGITS, '0')), stored]);
}

/** @param {Content} content */
export function isLive({ expiry }) {
  return now() < expiry;
}

/** @param {Ttl} ttl */
export function expiryOf(ttl) {
  return ttl === null ? FOREVER : Math.min(now() + Math.max(1, Math.ceil(ttl)), FOREVER);
}

/**
 * @param {Content} content
 * @returns {Ttl}
 */
export function ttlOf({ expiry }) {
  return expiry === FOREVER ? null : Math.max(1, expiry - now());
}

/** Unix time in whole seconds, like Laravel's. */
function now() {
  return Math.floor(Date.now() / 1000);
}
