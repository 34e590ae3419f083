import type { Ttl } from '../contract/store.js';

import { UsageError } from '../../errors.js';

/** Memcached takes a larger number for a Unix time. */
const LONGEST_SPAN = 30 * 24 * 60 * 60;

/** What the text protocol reads as an expiry: 31 bits, which end in January 2038. */
const LAST_MOMENT = 2 ** 31 - 1;

/** A moment that is over: of 1970. What is stored with it is gone at once. */
export const OVER = LONGEST_SPAN + 1;

/**
 * What a server is told of a ttl in seconds. What comes of it is the same as of the Unix time that Laravel sends for
 * entries; as a span it goes by the server's clock alone, where that is possible. 0 is Memcached's «never»; a ttl that
 * is over already must not become that.
 * @throws UsageError when Memcached cannot count that far
 */
export function expiryOf(ttl: Ttl): number {
  if (ttl === null) return 0;
  if (ttl <= 0) return OVER;
  if (ttl <= LONGEST_SPAN) return Math.ceil(ttl);
  const moment = Math.ceil(Date.now() / 1000 + ttl);
  if (moment <= LAST_MOMENT) return moment;
  throw new UsageError(
    `memcached cannot hold an entry for ${ttl} seconds: its time ends in January 2038`,
    'Give a shorter ttl, or none: then it never expires.',
  );
}
