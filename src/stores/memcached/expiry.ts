import type { Ttl } from '../contract/store.js';

import { UsageError } from '../../errors.js';

/** Memcached reads a larger number as a Unix time. */
const MAX_SPAN = 30 * 24 * 60 * 60;

/** The largest expiry of the text protocol: 31 bits, January 2038. */
const LAST_MOMENT = 2 ** 31 - 1;

/** A time in 1970, for items that are to expire at once. */
export const EXPIRED = MAX_SPAN + 1;

/**
 * The expiry for a TTL in seconds. A relative time uses the server's clock alone, where possible; the result equals
 * the Unix time that Laravel sends. 0 means never in Memcached, so a TTL in the past must not become 0.
 * @throws UsageError beyond Memcached's limit
 */
export function expiryOf(ttl: Ttl): number {
  if (ttl === null) return 0;
  if (ttl <= 0) return EXPIRED;
  if (ttl <= MAX_SPAN) return Math.ceil(ttl);
  const moment = Math.ceil(Date.now() / 1000 + ttl);
  if (moment <= LAST_MOMENT) return moment;
  throw new UsageError(
    `Memcached cannot store a TTL of ${ttl} seconds: its clock ends in January 2038`,
    'Use a shorter TTL, or none, so that the entry never expires.',
  );
}
