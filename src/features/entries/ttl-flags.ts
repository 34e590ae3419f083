import * as Flags from '@oclif/core/flags';

import type { Ttl } from '../../stores/contract/store.js';

import { UsageError } from '../../errors.js';
import { duration } from '../../runtime/flags.js';

/** How long an entry that is stored lasts. */
export const ttlFlags = {
  ttl: duration({ summary: 'How long it lasts; forever when left out.', exclusive: ['forever'] }),
  forever: Flags.boolean({ default: false, summary: 'It never expires; said out loud.', exclusive: ['ttl'] }),
};

/** The same where one of the two must be said. */
export const explicitTtlFlags = {
  ttl: duration({ summary: 'How long it lasts.', exactlyOne: ['ttl', 'forever'] }),
  forever: Flags.boolean({ summary: 'It never expires.', exactlyOne: ['ttl', 'forever'] }),
};

/** @throws UsageError for a ttl of 0, which would be over at once */
export function checkedTtl(ttl: number | undefined): Ttl {
  if (ttl === 0) {
    throw new UsageError('a ttl of 0 stores nothing', 'Say --forever for what never expires, or use `forget`.');
  }

  return ttl ?? null;
}
