import * as Flags from '@oclif/core/flags';

import type { Ttl } from '../../stores/contract/store.js';

import { UsageError } from '../../errors.js';
import { duration } from '../../runtime/flags.js';

/** For commands that store entries. */
export const ttlFlags = {
  ttl: duration({ summary: 'TTL of the entry. It never expires if omitted.', exclusive: ['forever'] }),
  forever: Flags.boolean({ default: false, summary: 'Never expire (the default).', exclusive: ['ttl'] }),
};

/** For commands that need one of the two. */
export const explicitTtlFlags = {
  ttl: duration({ summary: 'TTL of the entry.', exactlyOne: ['ttl', 'forever'] }),
  forever: Flags.boolean({ summary: 'Never expire.', exactlyOne: ['ttl', 'forever'] }),
};

/** @throws UsageError for a TTL of 0: the entry would expire at once */
export function checkedTtl(ttl: number | undefined): Ttl {
  if (ttl === 0) {
    throw new UsageError('a TTL of 0 stores nothing', 'Use --forever for an entry that never expires, or `forget`.');
  }

  return ttl ?? null;
}
